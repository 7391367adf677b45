"""A stage that is at work on a file for a minute: for the tests that stop it."""

STAGE = """
import time
from pathlib import Path
from lawpipe.run import files, stage

def main():
    with files.whole(Path("out.txt")) as temporary:
        temporary.write_text("half")
        print("writing", flush=True)
        time.sleep(60)

stage.run(main)
"""
