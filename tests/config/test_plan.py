"""Which experiments a study compares."""

from typing import Any

from lawpipe.config import plan, resolve


def compared(**experiments: Any) -> list[str]:
    return plan.searches_on_the_same_examples(resolve.resolve({"name": "t", "experiments": experiments}).experiments)


def test_searches_on_the_same_examples_differ_in_the_search_alone() -> None:
    text = {"problem": "language_model", "data": {"corpus": {"stories": 300}}}
    longer = {"search": {"iterations": 3}}
    assert compared(a=text, b={"extends": "a"} | longer) == ["a", "b"]
    assert compared(a=text, b={"extends": "a", "policies": ["conventional", "near_optimal"]}) == []
    assert compared(a=text, b={"extends": "a", "data": {"desired_examples": 8}} | longer) == []
    assert compared(a=text, b={"extends": "a", "model": {"hidden": 16}} | longer) == []
    assert compared(a={}) == []
