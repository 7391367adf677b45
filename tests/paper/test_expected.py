from lawpipe.paper import expected

ROWS = [
    {"claim": "a", "experiment": "one", "source": "Fig 4", "ours": 2.0, "low": 1.5, "high": None, "n": 3}
    | {"verdict": "partly", "reason": "because"},
    {"claim": "b", "experiment": "one", "source": "Fig 5", "ours": None, "low": None, "high": None, "n": 0}
    | {"verdict": "not_tested", "reason": "nothing"},
]


def test_expected_verdicts_have_no_differences() -> None:
    assert expected.differences(ROWS, {"one": {"b": "not_tested", "a": "partly"}}) == []


def test_another_verdict_and_a_claim_that_is_not_there_are_a_sentence_each() -> None:
    messages = expected.differences(ROWS, {"one": {"a": "reproduced", "c": "partly"}, "two": {"a": "partly"}})
    assert messages == [
        "claims.one.a is reproduced, but the run says partly (because).",
        "claims.one.c is partly, but the run has no such claim.",
        "claims.two.a is partly, but the run has no such claim.",
    ]


def test_one_expected_verdict_obliges_no_other_claim() -> None:
    assert expected.differences(ROWS, {"one": {"b": "not_tested"}}) == []


def test_the_table_as_text_has_a_line_a_claim() -> None:
    lines = expected.written(ROWS).splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["experiment", "claim", "source", "ours", "low", "high", "n", "verdict"]
    assert lines[1].split() == ["one", "a", "Fig", "4", "2", "1.5", "-", "3", "partly"]
