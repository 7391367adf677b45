"""A generator of short children's stories: a small grammar with agreement, dialogue and plots.

A story is one plot: a template whose slots are filled from rules and from a cast. Each member of the cast is drawn
once per story, so that whoever is introduced early comes back later. The words, rules, tables and plots are in
`words.txt`, which also explains the templates.

A paragraph of a story is one line; all text is ASCII.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import accumulate
from typing import TypeVar

import numpy as np

from lawpipe.run import random

# The word file ---------------------------------------------------------------------------------------------------


def sections(text: str) -> dict[str, str]:
    """Return the sections of a word file: header (what follows `==`) to text, without comments."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    parts = re.split(r"^== (.+)$", lines, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> list[str]:
    """Return the rows of a section, one per line; an indented line continues the line above."""
    return re.sub(r"\n\s+", " ", section.strip()).split("\n")


def entries(section: str) -> dict[str, str]:
    """Return the rows `name: text` of a section as a dictionary."""
    return {name: text for name, _, text in (row.partition(": ") for row in rows(section))}


def named(kind: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, rest of the header and text of each section `== KIND NAME: REST`."""
    for header, section in SECTIONS.items():
        if header.startswith(f"{kind} "):
            name, _, rest = header.removeprefix(f"{kind} ").partition(": ")
            yield name, rest, section


SECTIONS = sections(resources.files("lawpipe.data.grammar").joinpath("words.txt").read_text(encoding="utf-8"))
LISTS = {name: text.split() for name, text in entries(SECTIONS["lists"]).items()}
RULE_TEXTS = entries(SECTIONS["rules"])

# Morphology ------------------------------------------------------------------------------------------------------

IRREGULAR_PAST = dict(pair.split(":") for pair in LISTS["irregular_past"])
DOUBLING = {"unwrap", "begin", "forget", "zigzag"}  # two syllables, and yet the last consonant doubles
CLOSED_SYLLABLE = re.compile(r"[^aeiou]*(?:qu)?[aeiou][^aeiouwxy]")  # one syllable with a short vowel: hop, trot
SOUNDS_CONSONANT = ("uni", "use", "usu", "uku", "one", "eu")
SOUNDS_VOWEL = ("hour", "honest", "heir")


def past(verb: str) -> str:
    """Return the simple past of a lemma: hop, hopped; carry, carried; swim, swam."""
    if verb in IRREGULAR_PAST:
        return IRREGULAR_PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return _doubled(verb) + "ed"


def participle(verb: str) -> str:
    """Return the present participle of a lemma: hop, hopping; slide, sliding; tie, tying."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return verb[:-1] + "ing"
    return _doubled(verb) + "ing"


def with_article(phrase: str) -> str:
    """Put the article before a phrase: an old hat, a unicorn, an hour."""
    word = phrase.lower()
    vowel = word.startswith(SOUNDS_VOWEL) or (word[0] in "aeiou" and not word.startswith(SOUNDS_CONSONANT))
    return ("an " if vowel else "a ") + phrase


def _doubled(verb: str) -> str:
    return verb + verb[-1] if verb in DOUBLING or CLOSED_SYLLABLE.fullmatch(verb) else verb


@lru_cache(maxsize=1 << 14)
def inflect(phrase: str, form: str) -> str:
    """Inflect the first word of a phrase (`past` or `ing`), or put the article before it (`a`)."""
    if form == "a":
        return with_article(phrase)
    verb, space, rest = phrase.partition(" ")
    return (past if form == "past" else participle)(verb) + space + rest


# Templates -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """A slot of a template: a rule (`role` is empty) or a field of a member of the cast."""

    role: str
    field: str
    form: str
    capital: bool

    def fill(self, story: "Story") -> str:
        """Return the text of this slot in a story."""
        text = story.text(story[self.role][self.field] if self.role else RULES[self.field])
        if self.form:
            text = inflect(text, self.form)
        return text[0].upper() + text[1:] if self.capital else text


@dataclass(frozen=True)
class Chain:
    """A sequence of parts."""

    parts: tuple["Template", ...]

    def fill(self, story: "Story") -> str:
        """Return the text of all parts in a story."""
        return "".join([story.text(part) for part in self.parts])


@dataclass(frozen=True)
class Choice:
    """Alternatives with their cumulative probabilities."""

    options: tuple["Template", ...]
    cumulative: tuple[float, ...]

    def fill(self, story: "Story") -> str:
        """Return the text of one alternative, drawn at random."""
        return story.text(self.options[bisect(self.cumulative, story.uniform())])


Template = str | Slot | Chain | Choice
T = TypeVar("T")
TOKEN = re.compile(r"\{([^{}]+)\}|([\[\]/])|([^\[\]{}/]+)")
PRONOUNS = ("he", "him", "his", "himself")


def choice(options: Sequence[Template], zipf: bool = True) -> Choice:
    """Return a choice in which option r (from 0) has probability proportional to 1 / (r + 3), or all the same."""
    mass = list(accumulate(1 / (rank + 3) if zipf else 1.0 for rank in range(len(options))))
    return Choice(tuple(options), tuple(value / mass[-1] for value in mass[:-1]))


def parse(text: str) -> Template:
    """Compile a template; ValueError if its brackets are not balanced."""
    if text.count("[") != text.count("]"):
        raise ValueError(f"unbalanced brackets in the template: {text}")
    template, _ = _alternatives(TOKEN.findall(re.sub(r" ?/ ?", "/", " ".join(text.split()))), 0)
    return template


def _alternatives(tokens: list[tuple[str, str, str]], start: int) -> tuple[Template, int]:
    """Parse from `start` to the closing bracket or the end; return the template and the position after it."""
    options: list[list[Template]] = [[]]
    position = start
    while position < len(tokens):
        slot, mark, literal = tokens[position]
        position += 1
        if slot:
            options[-1].append(_slot(slot))
        elif literal:
            options[-1].append(literal)
        elif mark == "/":
            options.append([])
        elif mark == "[":
            inner, position = _alternatives(tokens, position)
            options[-1].append(inner)
        else:
            return choice([_chain(parts) for parts in options], zipf=False), position
    return _chain(options[0]) if len(options) == 1 else choice([_chain(parts) for parts in options]), position


def _chain(parts: list[Template]) -> Template:
    return parts[0] if len(parts) == 1 else Chain(tuple(parts)) if parts else ""


def _slot(text: str) -> Slot:
    key, _, form = text.partition(":")
    name = key[0].lower() + key[1:]
    role, _, field = name.partition(".")
    if role in PRONOUNS:
        return Slot("hero", role, form, key != name)
    if role in RULE_TEXTS:
        return Slot("", role, form, key != name)
    return Slot(role, field, form, key != name)


def table(columns: str, section: str) -> tuple[dict[str, Template], ...]:
    """Compile a table: one row per line, whose cells are divided by `|` and named by `columns`."""
    names = [name.strip() for name in columns.split("|")]
    return tuple(dict(zip(names, map(parse, row.split("|")), strict=True)) for row in rows(section))


RULES = {name: parse(text) for name, text in RULE_TEXTS.items()}
TABLES = {name: table(columns, section) for name, columns, section in named("table")}
#: Name of a plot to the table of its row ("" for none) and its paragraphs.
PLOTS = {
    name: (row_table, tuple(parse(paragraph) for paragraph in section.strip().split("\n\n")))
    for name, row_table, section in named("plot")
}

# The cast --------------------------------------------------------------------------------------------------------

Member = Mapping[str, Template]  # the fields of one member of the cast; the field "" is its name


def _habitats(row: Member) -> frozenset[str]:
    return frozenset(str(row["habitat"]).split())


KINDS = {str(row["kind"]): row for row in TABLES["kinds"]}
HABITATS = {kind: _habitats(row) for kind, row in KINDS.items()}
HEROES = tuple(kind for kind, row in KINDS.items() if row["home"] != "-")
CHILD_HABITATS = frozenset(LISTS["child_habitats"])
CHILD_SHARE = 0.6  # the share of stories about children; the others are about animals and fairy folk
THINGS = {str(row["group"]): row for row in TABLES["things"]}
NAMES = {"she": choice(LISTS["girls"]), "he": choice(LISTS["boys"]), "pet": choice(LISTS["pets"])}
PRONOUN_FORMS: Mapping[str, Member] = {
    "he": {"he": "he", "him": "him", "his": "his", "himself": "himself"},
    "she": {"he": "she", "him": "her", "his": "her", "himself": "herself"},
}


class Story(dict[str, Member]):
    """A story while it is told: its random numbers, and its cast, drawn member by member at the first mention."""

    def __init__(self, generator: np.random.Generator) -> None:
        super().__init__()
        self.uniform = _uniforms(generator).__next__
        self.used: set[str] = set()  # names and nouns, because no two members of a cast share one
        self.is_child = self.uniform() < CHILD_SHARE
        self.habitats = CHILD_HABITATS

    def __missing__(self, role: str) -> Member:
        member = self[role] = CAST[role.rstrip("23")](self)
        return member

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, all equally likely."""
        return options[int(self.uniform() * len(options))]

    def text(self, template: Template) -> str:
        """Return a template filled in."""
        return template if isinstance(template, str) else template.fill(self)

    def rule(self, name: str) -> str:
        """Return one expansion of a rule."""
        return self.text(RULES[name])

    def fresh(self, draw: Callable[[], str]) -> str:
        """Draw until the story does not have the result yet, and return it."""
        while (text := draw()) in self.used:
            pass
        self.used.add(text)
        return text


def _uniforms(generator: np.random.Generator) -> Iterator[float]:
    """Yield numbers from [0, 1), drawn in blocks because a call to the generator is slow."""
    while True:
        yield from generator.random(256).tolist()


def _hero(story: Story) -> Member:
    person = _person(story, "child_look", HEROES)
    if not story.is_child:
        story.habitats = HABITATS[str(person["kind"])]
    food = RULES["food"] if story.is_child else KINDS[str(person["kind"])]["food"]
    return {
        **person,
        "food": story.text(food),
        "trait": story.rule("trait"),
        "elder": f"{person['his']} {story.rule('elder')}",
        **{name: story.rule(name) for name in ("color", "pastime", "proverb", "dream", "star")},
    }


def _friend(story: Story) -> Member:
    his = story["hero"]["his"]
    person = _person(story, "friend_look", _kinds(story.habitats, heroes_only=True))
    tie = f"{his} {story.rule('tie')} {person['']}" if story.is_child else f"{person['']} the {person['kind']}"
    return {**person, "full": tie}


def _person(story: Story, child_look: str, kinds: Sequence[str]) -> Member:
    """Draw a person with a name: a child, or an animal of one of the kinds."""
    pronoun = story.pick(("she", "he"))
    if story.is_child:
        kind, moves, name = ("girl" if pronoun == "she" else "boy"), RULES["child_moves"], NAMES[pronoun]
    else:
        kind = story.fresh(lambda: story.pick(kinds))
        moves, name = KINDS[kind]["moves"], NAMES["pet"]
    named = story.fresh(lambda: name.fill(story))
    plain = f"{story.rule(child_look if story.is_child else 'animal_look')} {kind}"
    intro = f"{plain} named {named}"
    return {
        "": named,
        "kind": kind,
        "plain": plain,
        "intro": intro,
        "moves": moves,
        "possessive": f"{named}'s",
        **PRONOUN_FORMS[pronoun],
    }


def _adult(story: Story) -> Member:
    row = story.pick(TABLES["relatives"])
    called = f"{story['hero']['his']} {row['relative']}"
    return {
        "": called,
        "possessive": f"{called}'s",
        "my": f"my {row['relative']}",
        **PRONOUN_FORMS[str(row["pronoun"])],
    }


def _helper(story: Story) -> Member:
    _ = story["hero"]  # must be drawn first, because it determines the habitats
    if story.is_child:
        row = story.pick(TABLES["jobs"])
        noun, work = str(row["job"]), row["work"]
    else:
        kinds = _kinds(story.habitats, heroes_only=True)
        noun, work = story.fresh(lambda: story.pick(kinds)), RULES["elder_work"]
    called = f"{story.rule('helper_look')} {noun}"
    return {"": called, "noun": noun, "work": story.text(work), **PRONOUN_FORMS[story.pick(("she", "he"))]}


def _beast(story: Story) -> Member:
    """Draw an animal without a name: one in trouble if that is the plot, else one that lives at the place."""
    trouble = story.get("row", {}).get("kinds")
    kinds = [str(kind) for kind in trouble.options] if isinstance(trouble, Choice) else _local_kinds(story)
    kind = story.fresh(lambda: story.pick(kinds))
    return {"": f"{story.rule('beast_look')} {kind}", "noun": kind, **KINDS[kind]}


def _local_kinds(story: Story) -> Sequence[str]:
    return _kinds(_habitats(story["place"]), heroes_only=False)


def _place(story: Story) -> Member:
    """Draw a place in a habitat of the hero, and of the animal in trouble if they share one."""
    _ = story["hero"]  # must be drawn first, because it determines the habitats
    shared = story.habitats & HABITATS[str(story["beast"]["noun"])] if "beast" in story else None
    row = story.pick(_places(shared or story.habitats))
    return {"": row["in"], **row}


def _thing(story: Story) -> Member:
    return _one_of(story, THINGS[story.pick(tuple(THINGS))])


def _one_of(story: Story, row: Mapping[str, Template]) -> Member:
    noun = story.fresh(lambda: story.text(row["nouns"]))
    style = story.uniform()
    if style < 0.25:
        quality = story.rule("color")
        if style < 0.1:
            quality = f"{story.rule('size')} {quality}"
    else:
        quality = story.text(row["adjectives"]) if style < 0.75 else story.rule("quality")
    return {"": f"{quality} {noun}", "noun": noun, "use": story.text(row["use"])}


def _home(story: Story) -> Member:
    kind = str(story["hero"]["kind"])
    noun = RULES["home_noun"] if story.is_child else KINDS[kind]["home"]
    return {"": f"{story.rule('home_look')} {story.text(noun)}", "near": story.rule("near")}


def _pet(story: Story) -> Member:
    _ = story["hero"]  # must be drawn first, because it determines the habitats
    return {"": story.rule("pet_kind"), "name": story.fresh(lambda: NAMES["pet"].fill(story))}


CAST: Mapping[str, Callable[[Story], Member]] = {
    "hero": _hero,
    "friend": _friend,
    "adult": _adult,
    "helper": _helper,
    "beast": _beast,
    "place": _place,
    "thing": _thing,
    "keepsake": lambda story: _one_of(story, THINGS["treasure"]),
    "home": _home,
    "pet": _pet,
    "fact": lambda story: story.pick(TABLES["facts"]),
    "landmark": lambda story: {"": story.fresh(lambda: story.rule("waymark"))},
}


@cache
def _kinds(habitats: frozenset[str], heroes_only: bool) -> Sequence[str]:
    return tuple(kind for kind in (HEROES if heroes_only else KINDS) if HABITATS[kind] & habitats)


@cache
def _places(habitats: frozenset[str]) -> Sequence[Mapping[str, Template]]:
    return tuple(row for row in TABLES["places"] if habitats & _habitats(row))


# Stories ---------------------------------------------------------------------------------------------------------


def stories(seed: int, count: int) -> list[str]:
    """Return the first `count` stories of a seed; story i is the same for every count."""
    return [story(seed, index) for index in range(count)]


def story(seed: int, index: int) -> str:
    """Return one story of a seed: ASCII text of 60 to 250 words, one paragraph per line."""
    text, _ = tell(random.generator(seed, "story", str(index)))
    return text


def tell(generator: np.random.Generator) -> tuple[str, Story]:
    """Tell a story; return its text and its cast."""
    told = Story(generator)
    row, paragraphs = told.pick(tuple(PLOTS.values()))
    if row:
        told["row"] = told.pick(TABLES[row])
    if row == "trouble":
        _ = told["beast"]  # must be drawn before the place, which has to suit it
    lines = (" ".join(told.text(paragraph).split()) for paragraph in paragraphs)
    return "\n".join(line for line in lines if line), told
