"""The embedded stories: what they promise a reader, checked over many of them."""

import re
from collections import Counter

import pytest

from lawpipe.data.grammar import stories as grammar
from lawpipe.run import random

WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
FEMALE = {"she", "her", "herself", "girl"}
MALE = {"he", "him", "his", "himself", "boy"}
# Words that begin with a vowel letter but not with its sound; and the other way round.
ODD = {"unicorn", "useful", "hour", "honest"}


@pytest.fixture(scope="module")
def many() -> list[str]:
    return grammar.stories(0, 20_000)


@pytest.fixture(scope="module")
def told() -> list[tuple[str, grammar.Story]]:
    return [grammar.tell(random.generator(1, str(index))) for index in range(2_000)]


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def test_the_same_seed_tells_the_same_stories_and_another_seed_others() -> None:
    assert grammar.stories(5, 20) == grammar.stories(5, 20)
    assert not set(grammar.stories(5, 20)) & set(grammar.stories(6, 20))


def test_a_story_does_not_depend_on_how_many_are_asked_for() -> None:
    assert grammar.stories(3, 7) == grammar.stories(3, 30)[:7]
    assert grammar.tell(random.generator(3, "story", "29"))[0] == grammar.stories(3, 30)[29]


def test_no_story_is_written_twice(many: list[str]) -> None:
    assert len(set(many)) == len(many)


def test_there_are_more_than_a_billion_stories() -> None:
    """Even one plot, told of a child, that always names its hero, friend, thing and place has that many casts."""
    people = len(grammar.LISTS["girls"]) + len(grammar.LISTS["boys"])
    nouns = {noun for row in grammar.THINGS.values() for noun in row["nouns"].split(" / ")}
    qualities = set(grammar.RULES["quality"].split(" / "))
    places = grammar.native("places", grammar.CHILD_HABITATS)
    told = " ".join(grammar.PLOTS["trade"][1])
    assert all(f"{{{role}" in told for role in ("hero", "friend", "thing"))
    assert people * (people - 1) * len(nouns) * len(qualities) * len(places) > 10**9


def test_the_vocabulary_is_large_and_skewed(many: list[str]) -> None:
    counts = Counter(word for story in many for word in words(story))
    assert len(counts) >= 2_000
    frequencies = sorted(counts.values(), reverse=True)
    assert sum(frequencies[:100]) > 0.5 * sum(frequencies)
    assert frequencies[1_000] < frequencies[10] / 50


def test_stories_have_the_promised_length(many: list[str]) -> None:
    lengths = [len(story.split()) for story in many]
    assert min(lengths) >= 60
    assert max(lengths) <= 250
    assert 120 <= sum(lengths) / len(lengths) <= 165


def test_text_is_plain_ascii_without_holes(many: list[str]) -> None:
    for story in many:
        assert story.isascii()
        assert not re.search(r"[{}\[\]/|_]|  | \n|\n\n| [.,!?]|[.,][.,]|\bNone\b", story), story


def test_the_article_fits_the_next_word(many: list[str]) -> None:
    for story in many[:10_000]:
        for article, word in re.findall(r"\b(an?) ([a-z]+)", story, re.IGNORECASE):
            if word not in ODD:
                assert (article.lower() == "an") == (word[0].lower() in "aeiou"), f"{article} {word}: {story}"


def test_quotes_are_balanced_in_every_paragraph(many: list[str]) -> None:
    for story in many[:4_000]:
        for paragraph in story.split("\n"):
            assert paragraph.count('"') % 2 == 0, paragraph
            pieces = paragraph.split('"')
            for before, speech in zip(pieces[::2], pieces[1::2], strict=False):
                assert speech[0].isupper() or before.endswith(", "), paragraph  # she said, "and so on."
                assert speech[-1] in ".,!?", paragraph


def test_sentences_begin_with_a_capital_and_end_with_a_mark(many: list[str]) -> None:
    for story in many[:4_000]:
        for paragraph in story.split("\n"):
            narration = re.sub(r'"[^"]*"', '"x"', paragraph)
            assert re.match(r'["A-Z]', paragraph), paragraph
            assert re.search(r'[.!?]"?$', paragraph), paragraph
            assert not re.search(r"[.!?] [a-z]", narration), paragraph


def test_pronouns_agree_with_the_characters(told: list[tuple[str, grammar.Story]]) -> None:
    seen = Counter[str]()
    for text, cast in told:
        people = {member["he"] for member in cast.values() if "he" in member}
        others = {"mother", "father", "grandmother", "grandfather"} & set(words(text))
        for pronoun, other_sex in (("she", MALE), ("he", FEMALE)):
            if people == {pronoun} and not others:
                seen[pronoun] += 1
                assert not other_sex & set(words(text)), text
    assert min(seen["she"], seen["he"]) > 60


def test_the_hero_returns_to_the_end(told: list[tuple[str, grammar.Story]]) -> None:
    for text, cast in told:
        name = cast["hero"][""]
        half = len(text) // 2
        assert name in text[:half]
        assert name in text[half:]


def test_a_noun_is_repeated_after_its_introduction(told: list[tuple[str, grammar.Story]]) -> None:
    objects = [(text, cast["thing"]["noun"]) for text, cast in told if "thing" in cast]
    returning = sum(text.count(noun) >= 2 for text, noun in objects)
    assert returning > 0.75 * len(objects)


def test_there_are_many_plots_and_every_table_serves_a_plot_or_the_cast() -> None:
    assert len(grammar.PLOTS) >= 10
    table_rows = [row for row, _ in grammar.PLOTS.values() if row]
    assert set(table_rows) == set(grammar.TABLES) - {
        "kinds",
        "heroes",
        "places",
        "things",
        "relatives",
        "jobs",
        "facts",
    }


@pytest.mark.parametrize(
    ("verb", "past", "participle"),
    [
        ("hop", "hopped", "hopping"),
        ("wander", "wandered", "wandering"),
        ("hurry", "hurried", "hurrying"),
        ("play", "played", "playing"),
        ("slide down", "slid down", "sliding down"),
        ("tie knots", "tied knots", "tying knots"),
        ("quack", "quacked", "quacking"),
        ("fix", "fixed", "fixing"),
        ("row", "rowed", "rowing"),
        ("dye", "dyed", "dyeing"),
    ],
)
def test_verbs_are_inflected(verb: str, past: str, participle: str) -> None:
    assert grammar.inflect(verb, "past") == past
    assert grammar.inflect(verb, "ing") == participle


def test_articles() -> None:
    nouns = ["old hat", "unicorn", "hour", "honest elf", "red kite", "useful rope", "umbrella", "ugly vase"]
    assert [grammar.inflect(noun, "a").split()[0] for noun in nouns] == ["an", "a", "an", "an", "a", "a", "an", "an"]


def test_an_unbalanced_template_is_refused() -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        grammar.parse("one [two / three")
