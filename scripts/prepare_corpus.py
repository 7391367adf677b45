"""Read the corpus of a language-model experiment and make its tokeniser, for all seeds.

Takes its settings and the file of the user, or files of the hub, that they name. Gives the tokeniser as JSON;
tokens.parquet, one row per story with its row in the corpus and its tokens (and, if there are near-copies, the first
of its near-copies); and corpus.json: counts, lengths, three stories, the tokeniser's description and the share of
[UNK].
"""

import json

import numpy as np

from lawpipe.data import corpus, tokenizer
from lawpipe.run import files, stage
from lawpipe.run.tables.examples import TOKENS


@stage.script(
    tokenizer="output: the tokeniser",
    tokens="output: the tokens of every story",
    glimpse="output: the description of the corpus",
)
def main(job: stage.Job) -> None:
    """Write the tokeniser, the tokens and the description of the corpus."""
    data = job.settings["data"]
    read = corpus.load(data["corpus"])
    trained = tokenizer.make(data["tokenizer"], read.stories)
    tokens = trained.encode(read.stories)
    unknown = tokenizer.unknown_share(np.concatenate(tokens))
    glimpse = {
        "fingerprint": read.fingerprint,
        "glimpse": corpus.glimpse(read),
        "tokenizer": {name: trained.description().get(name) for name in ("kind", "sha256")},
        "tokens": int(sum(map(len, tokens))),
        "unknown_share": unknown,
    }
    tokenizer.save(job.options.tokenizer, trained)
    copies = (read.originals != np.arange(len(read.stories))).any()
    original = {"original": read.originals} if copies else {}
    job.write(job.options.tokens, TOKENS, {"story": read.rows, "tokens": tokens} | original)
    files.write_text(job.options.glimpse, json.dumps(glimpse, indent=1, sort_keys=True) + "\n")
    print(
        f"{job.settings['experiment']}: {len(read.stories)} stories, {glimpse['tokens']} tokens, "
        f"{unknown:.2%} of them [UNK]"
    )
