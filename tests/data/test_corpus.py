"""Corpora: the same stories whatever the source, what is dropped and what is refused."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lawpipe.data import corpus
from lawpipe.data.grammar import stories as grammar
from lawpipe.run.errors import InputError

SETTINGS = {
    "source": "file",
    "stories": None,
    "seed": 0,
    "near_copies": "together",
    "path": None,
    "text_column": "text",
    "separator": None,
    "repository": "someone/stories",
    "revision": "0123456789abcdef0123456789abcdef01234567",
    "files": ["data/stories.parquet"],
    "sha256": {},
}
STORIES = ["Tom had a dog.\nIt ran.", "“Où est Zoé?” 🙂", "<script>alert(1)</script>", "The end."]


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(path, **changes):
    return corpus.load(SETTINGS | {"path": str(path)} | changes)


def counts(records, empty, not_text, too_long, duplicates, stories, near_copies=0):
    return {
        "records": records,
        "empty": empty,
        "not_text": not_text,
        "too_long": too_long,
        "duplicates": duplicates,
        "near_copies": near_copies,
        "stories": stories,
    }


def one_sentence(error):
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def put_parquet(path, texts, column="text", kind=None):
    pq.write_table(pa.table({column: pa.array(texts, kind), "other": range(len(texts))}), path)


def put_jsonl(path, texts, column="text"):
    Path(path).write_text("".join(json.dumps({"id": 1, column: text}) + "\n" for text in texts))


def put_text(path, texts, separator="\n<|endoftext|>\n"):
    Path(path).write_text(separator.join(texts))


# Sources


def test_grammar_writes_the_asked_number_of_stories_by_its_seed():
    settings = SETTINGS | {"source": "grammar", "stories": 20, "seed": 3}
    loaded = corpus.load(settings)
    assert list(loaded.stories) == [story.strip() for story in grammar.stories(3, 20)]
    assert loaded.counts == counts(20, 0, 0, 0, 0, 20)
    assert corpus.load(settings).fingerprint == loaded.fingerprint
    assert corpus.load(settings | {"seed": 4}).fingerprint != loaded.fingerprint


def test_every_format_gives_the_same_corpus():
    put_parquet("a.parquet", STORIES)
    put_parquet("large.parquet", STORIES, kind=pa.large_string())
    put_parquet("dictionary.parquet", pa.array(STORIES).dictionary_encode())
    put_jsonl("b.jsonl", STORIES)
    put_text("c.txt", STORIES)
    put_text("d.txt", STORIES, "\n\n \n")
    put_text("e.txt", STORIES, "\r\n\r\n")
    Path("f.txt").write_bytes(b"\xef\xbb\xbf" + Path("c.txt").read_bytes())
    Path("g.ndjson").write_bytes(b"\xef\xbb\xbf" + Path("b.jsonl").read_bytes() + b"\n\n")
    expected = read("a.parquet")
    assert list(expected.stories) == STORIES
    for name in ("large.parquet", "dictionary.parquet", "b.jsonl", "c.txt", "d.txt", "e.txt", "f.txt", "g.ndjson"):
        loaded = read(name)
        assert list(loaded.stories) == STORIES, name
        assert (loaded.fingerprint, loaded.counts) == (expected.fingerprint, expected.counts), name
        np.testing.assert_array_equal(loaded.rows, range(4))


def test_column_and_separator_are_the_users():
    put_parquet("a.parquet", STORIES, column="story")
    put_jsonl("b.jsonl", STORIES, column="story")
    put_text("c.txt", STORIES, "=|=")
    for path in ("a.parquet", "b.jsonl", "c.txt"):
        assert list(read(path, text_column="story", separator="=|=").stories) == STORIES
    # A blank line inside a story is no separator where stories end with a mark.
    put_text("d.txt", ["One.\n\nTwo.", "Three."])
    assert list(read("d.txt").stories) == ["One.\n\nTwo.", "Three."]


def test_stories_is_the_most_that_are_kept_and_the_rest_is_not_read():
    put_parquet("a.parquet", ["", "a", "a", "b", "c"])
    loaded = read("a.parquet", stories=2)
    assert list(loaded.stories) == ["a", "b"]
    assert loaded.counts == counts(records=4, empty=1, not_text=0, too_long=0, duplicates=1, stories=2)
    # A line that is no JSON after the last one wanted does not matter.
    Path("b.jsonl").write_text('{"text": "a"}\n{"text": "b"}\nnot json\n')
    assert read("b.jsonl", stories=2).counts["stories"] == 2


# What editors and copies leave

MARK = "\ufeff"


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_a_byte_order_mark_is_dropped_wherever_a_file_was_joined(end):
    first, second = STORIES[:2], STORIES[2:]
    lines = ["".join(json.dumps({"text": text}) + "\n" for text in half) for half in (first, second)]
    Path("a.jsonl").write_text(MARK + lines[0] + (end or "\n") + MARK + lines[1])
    ended, blank = ("\n\n<|endoftext|>\n".join(half) for half in (first, second)), "\n\n"
    Path("b.txt").write_text((end + "<|endoftext|>" + end).join(MARK + half for half in ended))
    Path("c.txt").write_text((end or "\n").join(MARK + blank.join(half) for half in (first, second)))
    put_parquet("d.parquet", [MARK + text for text in STORIES])
    for name in ("a.jsonl", "b.txt", "c.txt", "d.parquet"):
        assert list(read(name).stories) == STORIES, name


def test_a_blank_line_with_a_byte_order_mark_is_blank_and_a_mark_within_a_story_stays():
    Path("a.txt").write_text(f"One.\n{MARK}\nTwo.\n\n{MARK} \n\n{MARK}{MARK}Thr{MARK}ee.")
    assert list(read("a.txt").stories) == ["One.", "Two.", f"Thr{MARK}ee."]
    assert read("a.txt").counts["records"] == 3


@pytest.mark.parametrize("shift", range(0, 14, 3))
def test_the_mark_after_each_story_is_seen_wherever_the_first_one_is(shift):
    long = "x" * (2**20 - 5 - shift)  # the mark lies across the end of what is read at a time
    Path("a.txt").write_text(f"{long}\n\n.<|endoftext|>\nTwo.\n\nStill two.<|endoftext|>")
    assert list(read("a.txt").stories) == [f"{long}\n\n.", "Two.\n\nStill two."]


def test_old_line_ends_are_line_ends():
    Path("a.txt").write_bytes(b"One\rline.\r\rTwo.\r \r\r\nThree\r\nlines.\r\n\r\nFour.")
    assert list(read("a.txt").stories) == ["One\rline.", "Two.", "Three\r\nlines.", "Four."]


def test_json_of_others_is_read():
    lines = [
        '{"text": "One\u2028line\x85."}',
        '{"n": ' + "9" * 5000 + ', "text": "Two."}',
        '{"text": "x", "text": "Three."}',
    ]
    Path("a.jsonl").write_text("\r\n".join(lines), newline="")
    assert list(read("a.jsonl").stories) == ["One\u2028line\x85.", "Two.", "Three."]


def test_strings_of_others_in_parquet_are_read():
    offsets = pa.array([0, 1, 3], pa.int32()).buffers()[1]
    invalid = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a\xff\xfe")])
    put_parquet("a.parquet", ["a", "b"], column="my.text", kind=pa.string_view())
    assert list(read("a.parquet", text_column="my.text").stories) == ["a", "b"]
    put_parquet("b.parquet", invalid)
    assert read("b.parquet").counts == counts(2, 0, 1, 0, 0, 1)


CURLY = "“Look,” said Zoé’s dog — it’s “fine”."
#: The same words: as they are, from wrong decodings, with straight quotes, and with other white space and case.
COPIES = [
    CURLY,
    CURLY.encode().decode("cp1252", "ignore"),
    CURLY.encode().decode("latin-1"),
    CURLY.replace("’", "'").replace("“", '"').replace("”", '"').replace("—", "-"),
    "LOOK said Zoé’s dog\n\nit’s ﬁne",
    "&quot;Look,&quot; said Zoe\u0301&#39;s dog: it&#39;s fine!",
]


def test_near_copies_are_counted_and_know_the_first_of_them():
    stories = ["Another.", *COPIES, "It was fine.", "…", "!!"]
    put_parquet("a.parquet", stories)
    loaded = read("a.parquet")
    assert list(loaded.stories) == stories
    assert loaded.originals.tolist() == [0, 1, 1, 1, 1, 1, 1, 7, 8, 9]
    assert loaded.counts == counts(10, 0, 0, 0, 0, 10, near_copies=5)
    dropped = read("a.parquet", near_copies="drop")
    assert list(dropped.stories) == ["Another.", CURLY, "It was fine.", "…", "!!"]
    assert dropped.counts == counts(10, 0, 0, 0, 0, 5, near_copies=5)
    ignored = read("a.parquet", near_copies="ignore")
    assert ignored.originals.tolist() == list(range(10))
    assert (ignored.counts["near_copies"], ignored.fingerprint) == (0, loaded.fingerprint)


@pytest.mark.parametrize("stories", [["कि", "की"], ["Ja.", "Jä."], ["1 2", "12"], ["a nice", "an ice"], ["🙂", "🙁"]])
def test_other_words_are_another_story(stories):
    put_parquet("a.parquet", stories)
    assert read("a.parquet").originals.tolist() == [0, 1]


# What is dropped


def test_records_that_are_no_new_story_are_dropped_and_counted():
    long = "x" * (corpus.LONGEST_RECORD + 1)
    texts = ["  a \n", None, "", " \t\n", "b", "a", long, "c\0d", "b "]
    put_parquet("a.parquet", texts)
    put_jsonl("b.jsonl", [*texts, "\ud800 half a pair"])
    for path, not_text in (("a.parquet", 1), ("b.jsonl", 2)):
        loaded = read(path)
        assert list(loaded.stories) == ["a", "b"]
        np.testing.assert_array_equal(loaded.rows, [0, 4])
        assert loaded.counts == counts(9 + not_text - 1, 3, not_text, 1, 2, 2)


def test_bytes_that_are_not_utf8_cost_their_record_only():
    latin = "Zoé était là.".encode("latin-1")
    Path("a.txt").write_bytes(b"One.\n\n" + latin + b"\n\nTwo.")
    Path("b.jsonl").write_bytes(b'{"text": "One."}\n{"text": "' + latin + b'"}\n{"text": "Two."}\n')
    binary = pa.array([b"One.", latin, b"Two."], pa.binary())
    pq.write_table(pa.table({"text": binary.view(pa.string())}), "c.parquet")
    for path in ("a.txt", "b.jsonl", "c.parquet"):
        loaded = read(path)
        assert list(loaded.stories) == ["One.", "Two."]
        np.testing.assert_array_equal(loaded.rows, [0, 2])
        assert loaded.counts["not_text"] == 1


def test_a_file_in_another_encoding_is_refused_in_a_sentence():
    Path("a.txt").write_bytes("One.\n\nTwo.".encode("utf-16"))
    with pytest.raises(InputError, match=r"holds no stories.*not UTF-8") as error:
        read("a.txt")
    one_sentence(error)


def test_a_huge_record_is_read_in_bounded_pieces_and_its_neighbours_are_kept():
    huge = b"word " * 1_000_000
    stream = io.BytesIO(b"First.<|endoftext|>" + huge + b"<|endoftext|>Last.")
    pieces = list(corpus._read_text(stream, None))
    assert [pieces[0], pieces[2]] == [b"First.", b"Last."]
    assert corpus.LONGEST_RECORD < len(pieces[1]) < 4 * corpus.LONGEST_RECORD
    Path("a.txt").write_bytes(stream.getvalue())
    assert read("a.txt").counts == counts(3, 0, 0, 1, 0, 2)


@pytest.mark.parametrize("chunk", [1, 3, 7, 1000])
def test_where_a_chunk_ends_does_not_matter(monkeypatch, chunk):
    put_text("a.txt", STORIES, " <|endoftext|>\n")
    put_text("b.txt", STORIES, "\r\n\r\n\n")
    expected = {path: read(path).fingerprint for path in ("a.txt", "b.txt")}
    monkeypatch.setattr(corpus, "_CHUNK", chunk)
    assert read("a.txt", separator="<|endoftext|>").fingerprint == expected["a.txt"]
    assert read("b.txt").fingerprint == expected["b.txt"]


# What is refused


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.parquet", b"PAR1 nonsense", "cannot be read as Parquet"),
        ("a.jsonl", b'{"text": "a"}\nnonsense\n', "line 2, is not JSON"),
        ("a.jsonl", b"[" * 100_000, "line 1, is not JSON"),
        ("a.jsonl", b'["a"]\n', "has no key 'text'"),
        ("a.jsonl", b'{"story": "a"}\n', "has no key 'text'"),
        ("a.jsonl", b'{"text": 3}\n', "is int, expected a string"),
        ("a.txt", b"", "holds no stories"),
        ("a.txt", b"\n\n \n", "holds no stories"),
        ("a.csv", b"text\na\n", "ends in '.csv'"),
        ("a.txt.gz", b"\x1f\x8b", "ends in '.gz'"),
    ],
)
def test_a_file_that_is_no_corpus_is_refused_in_a_sentence(name, content, expected):
    Path(name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read(name)
    assert expected in one_sentence(error)
    assert name in str(error.value)


def test_parquet_without_the_text_column_or_truncated_is_refused():
    put_parquet("a.parquet", STORIES)
    for column, expected in (("story", "found: text, other"), ("other", "is int64, expected strings")):
        with pytest.raises(InputError) as error:
            read("a.parquet", text_column=column)
        assert expected in one_sentence(error)
    Path("b.parquet").write_bytes(Path("a.parquet").read_bytes()[:-20])
    with pytest.raises(InputError) as error:
        read("b.parquet")
    assert "damaged" in one_sentence(error)


def test_a_relative_path_stays_inside_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "work" / "sub").mkdir(parents=True)
    put_text(tmp_path / "outside.txt", STORIES)
    put_text(tmp_path / "work" / "sub" / "inside.txt", STORIES)
    monkeypatch.chdir(tmp_path / "work")
    Path("link.txt").symlink_to(tmp_path / "outside.txt")
    assert read("sub/../sub/inside.txt").counts["stories"] == 4
    assert read(tmp_path / "outside.txt").counts["stories"] == 4
    for path in ("../outside.txt", "sub/../../outside.txt", "link.txt"):
        with pytest.raises(InputError, match="leads out of the working folder") as error:
            read(path)
        one_sentence(error)
    for path in ("absent.txt", "sub", str(tmp_path / "absent.txt"), "a\0b"):
        with pytest.raises(InputError, match=r"no (path of a )?file"):
            read(path)


# A glimpse


def test_glimpse_tells_counts_lengths_words_and_three_examples_as_they_are():
    texts = [f"{'word ' * n}Don't" for n in range(1, 9)] + [STORIES[2], "x" * 5000]
    put_parquet("a.parquet", ["", *texts])
    loaded = read("a.parquet")
    seen = json.loads(json.dumps(corpus.glimpse(loaded)))
    assert seen["fingerprint"] == loaded.fingerprint
    assert seen["counts"]["stories"] == 10
    assert seen["counts"]["empty"] == 1
    assert seen["word_types"] == 5  # word, don't, script, alert and the long one
    lengths = [*range(2, 10), 3, 1]
    assert seen["words"]["mean"] == pytest.approx(np.mean(lengths))
    assert (seen["words"]["least"], seen["words"]["most"]) == (1, 9)
    assert seen["words"]["median"] == np.median(lengths)
    assert seen["characters"]["most"] == 5000
    assert seen["examples"] == [{"story": row, "text": texts[row - 1]} for row in (1, 4, 7)]
    put_parquet("b.parquet", ["x" * 5000])
    (only,) = corpus.glimpse(read("b.parquet"))["examples"]
    assert len(only["text"]) == 2002


# The hub, by its real client, against a server of our own

CHILD = """
import json, sys, time
from lawpipe.data import corpus
from lawpipe.run.errors import InputError
time.sleep = lambda seconds: None  # the client's pauses between attempts
for settings in json.loads(sys.argv[1]):
    try:
        loaded = corpus.load(settings)
        print(json.dumps({"stories": list(loaded.stories), "fingerprint": loaded.fingerprint}))
    except InputError as error:
        print(json.dumps({"error": str(error)}))
"""


class Hub(BaseHTTPRequestHandler):
    """Answers for a file of a dataset as the hub does: 404 with its reason, or the file with commit and sum."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.command, self.path))
        content = self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        else:
            self.send_header("X-Repo-Commit", SETTINGS["revision"])
            self.send_header("ETag", f'"{self.server.sums[self.path]}"')
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET" and content is not None:
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.asked, server.files, server.sums = [], {}, {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def serve(server, name, content, sha256=None):
    path = f"/datasets/{SETTINGS['repository']}/resolve/{SETTINGS['revision']}/{name}"
    server.files[path] = content
    server.sums[path] = sha256 or hashlib.sha256(content).hexdigest()


def load_in_a_process(endpoint, cache, *changes, **environment):
    """Load in a process of its own, because the client reads its environment when it is imported."""
    blocks = [SETTINGS | {"source": "hub"} | change for change in changes]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    own = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(Path(corpus.__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(blocks)],
        env=kept | own | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_hub_files_are_downloaded_once_checked_and_read_like_the_users_own(hub, tmp_path):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": STORIES}), buffer)
    right = hashlib.sha256(buffer.getvalue()).hexdigest()
    serve(hub, "data/stories.parquet", buffer.getvalue())
    serve(hub, "more.txt", b"Another.\n\nThe end.")
    serve(hub, "broken.txt", b"Not what it says.", sha256="0" * 64)
    endpoint, cache = f"http://127.0.0.1:{hub.server_port}", tmp_path / "cache"
    good = {"sha256": {"data/stories.parquet": right}}
    first, second, wrong, broken, absent = load_in_a_process(
        endpoint,
        cache,
        good,
        {"files": ["data/stories.parquet", "more.txt"]},
        {"sha256": {"data/stories.parquet": "f" * 64}},
        {"files": ["broken.txt"]},
        {"files": ["absent.txt"]},
    )
    assert first["stories"] == STORIES
    assert second["stories"] == [*STORIES, "Another."]  # "The end." is in both files
    assert f"has SHA-256 {right}, expected {'f' * 64}" in wrong["error"]
    assert f"expected {'0' * 64}" in broken["error"]
    assert "has no file absent.txt" in absent["error"]
    fetched = [path for method, path in hub.asked if method == "GET" and path in hub.files]
    assert len(fetched) == len(set(fetched)) == 3

    # With the hub gone, what was downloaded still serves; what was not is one sentence that says what to set.
    hub.shutdown()
    hub.server_close()
    for environment in ({}, {"HF_HUB_OFFLINE": "1"}):
        cached, missing = load_in_a_process(endpoint, cache, good, {"files": ["new.txt"]}, **environment)
        assert cached == first
        for part in ("cannot be had from", "HF_HOME", "corpus.source to file", "corpus.path"):
            assert part in missing["error"]
        assert "\n" not in missing["error"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"revision": "main"}, "corpus.revision is 'main'"),
        ({"revision": "0123456789"}, "expected the dataset's commit"),
        ({"files": ["../secret.txt"]}, "inside the dataset"),
        ({"files": ["/etc/passwd"]}, "inside the dataset"),
        ({"repository": "no such//name"}, "expected a dataset's owner/name"),
    ],
)
def test_hub_settings_that_pin_nothing_or_lead_elsewhere_are_refused(changes, expected):
    with pytest.raises(InputError) as error:
        corpus.load(SETTINGS | {"source": "hub"} | changes)
    assert expected in one_sentence(error)
