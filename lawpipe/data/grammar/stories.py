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

FILE = resources.files("lawpipe.data.grammar").joinpath("words.txt").read_text(encoding="utf-8")
WITHOUT_COMMENTS = re.sub(r"^#.*\n", "", FILE, flags=re.MULTILINE)


def sections(kind: str) -> list[tuple[str, str, str]]:
    """Return name, rest of the header and text of each section `== KIND NAME: REST`."""
    return re.findall(rf"^== {kind} ?([^:\n]*):? ?(.*)\n((?:(?!== ).*\n)*)", WITHOUT_COMMENTS, re.MULTILINE)


def rows(section: str) -> list[str]:
    """Return the rows of a section, one per line; an indented line continues the line above."""
    return re.sub(r"\n\s+", " ", section.strip()).split("\n")


def entries(kind: str) -> dict[str, str]:
    """Return the rows `name: text` of the only section of a kind as a dictionary."""
    ((_, _, section),) = sections(kind)
    return dict(row.split(": ", 1) for row in rows(section))


def table(columns: str, section: str) -> list[dict[str, str]]:
    """Return a table: one row per line, whose cells are divided by `|` and named by `columns`."""
    cells = ([cell.strip() for cell in row.split("|")] for row in (columns, *rows(section)))
    names = next(cells)
    return [dict(zip(names, row, strict=True)) for row in cells]


LISTS = {name: text.split() for name, text in entries("lists").items()}
RULES = entries("rules")
TABLES = {name: table(columns, section) for name, columns, section in sections("table")}
#: Name of a plot to the table of its row ("" for none) and its paragraphs.
PLOTS = {name: (row_table, section.strip().split("\n\n")) for name, row_table, section in sections("plot")}

# Morphology ------------------------------------------------------------------------------------------------------

IRREGULAR_PAST = dict(pair.split(":") for pair in LISTS["irregular_past"])
# The last consonant doubles after one syllable with a short vowel (hop, trot), and in some verbs of two syllables.
DOUBLING = r"^(?:[^aeiou]*(?:qu)?[aeiou]|unwra|begi|forge|zigza)([^aeiouwxy])$"
#: The endings of regular verbs: the first pattern that a lemma matches, and what replaces the match.
ENDINGS = {
    "past": ((r"e$", "ed"), (r"(?<![aeiou])y$", "ied"), (DOUBLING, r"\g<0>\1ed"), (r"$", "ed")),
    "ing": ((r"ie$", "ying"), (r"(?<![eoy])(?<!^b)e$", "ing"), (DOUBLING, r"\g<0>\1ing"), (r"$", "ing")),
}
SOUNDS_CONSONANT = ("uni", "use", "usu", "uku", "one", "eu")
SOUNDS_VOWEL = ("hour", "honest", "heir")


@lru_cache(maxsize=1 << 14)
def inflect(phrase: str, form: str) -> str:
    """Inflect the first word of a phrase (`past` or `ing`), or put the article before it (`a`)."""
    if form == "a":
        word = phrase.lower()
        vowel = word.startswith(SOUNDS_VOWEL) or (word[0] in "aeiou" and not word.startswith(SOUNDS_CONSONANT))
        return ("an " if vowel else "a ") + phrase
    verb, space, rest = phrase.partition(" ")
    if form == "past" and verb in IRREGULAR_PAST:
        return IRREGULAR_PAST[verb] + space + rest
    pattern, ending = next(rule for rule in ENDINGS[form] if re.search(rule[0], verb))
    return re.sub(pattern, ending, verb) + space + rest


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
class Choice:
    """Alternatives, each a sequence of parts, with their cumulative probabilities."""

    options: list[list["str | Slot | Choice"]]
    cumulative: list[float]

    def fill(self, story: "Story") -> str:
        """Return the text of one alternative, drawn at random."""
        option = bisect(self.cumulative, story.uniform()) if self.cumulative else 0
        return "".join([part if isinstance(part, str) else part.fill(story) for part in self.options[option]])


TOKEN = re.compile(r"\{([^{}]+)\}|([\[\]/])|([^\[\]{}/]+)")
MARKS = re.compile(r"[\[{/]")
PRONOUNS = ("he", "him", "his", "himself")


@lru_cache(maxsize=1 << 14)
def parse(template: str) -> Choice:
    """Compile a template; ValueError if its brackets are not balanced."""
    if template.count("[") != template.count("]"):
        raise ValueError(f"unbalanced brackets in the template: {template}")
    return _choice(TOKEN.finditer(re.sub(r" ?/ ?", "/", " ".join(template.split()))), zipf=True)


def _choice(tokens: Iterator[re.Match[str]], zipf: bool) -> Choice:
    """Parse up to the closing bracket or the end; option r (from 0) has probability proportional to 1 / (r + 3) if
    `zipf`, or all have the same."""
    options: list[list[str | Slot | Choice]] = [[]]
    for slot, mark, literal in (token.groups() for token in tokens):
        if slot or literal:
            options[-1].append(_slot(slot) if slot else literal)
        elif mark == "/":
            options.append([])
        elif mark == "[":
            options[-1].append(_choice(tokens, zipf=False))
        else:
            break
    mass = list(accumulate(1 / (rank + 3) if zipf else 1.0 for rank in range(len(options))))
    return Choice(options, [value / mass[-1] for value in mass[:-1]])


def _slot(text: str) -> Slot:
    key, _, form = text.partition(":")
    name = key[0].lower() + key[1:]
    role, _, field = name.partition(".")
    if role in PRONOUNS:
        role, field = "hero", role
    elif role in RULES:
        role, field = "", role
    return Slot(role, field, form, key != name)


# The cast --------------------------------------------------------------------------------------------------------

Member = dict[str, str]  # the fields of one member of the cast, which are templates; the field "" is its name
T = TypeVar("T")

KINDS = {row["kind"]: row for row in TABLES["kinds"]}
TABLES["heroes"] = [row for row in KINDS.values() if row["home"] != "-"]
CHILD_HABITATS = frozenset(LISTS["child_habitats"])
CHILD_SHARE = 0.6  # the share of stories about children; the others are about animals and fairy folk
THINGS = {row["group"]: row for row in TABLES["things"]}
NAMES = {"she": "/".join(LISTS["girls"]), "he": "/".join(LISTS["boys"]), "pet": "/".join(LISTS["pets"])}
PRONOUN_FORMS: dict[str, Member] = {
    "he": {"he": "he", "him": "him", "his": "his", "himself": "himself"},
    "she": {"he": "she", "him": "her", "his": "her", "himself": "herself"},
}


class Story(dict[str, Member]):
    """A story while it is told: its random numbers, and its cast, drawn member by member at the first mention.

    Every plot begins with its hero, whose habitats are those of the others.
    """

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

    def text(self, template: str) -> str:
        """Return a template filled in."""
        return parse(template).fill(self) if MARKS.search(template) else template

    def fresh(self, draw: Callable[[], str]) -> str:
        """Draw until the story does not have the result yet, and return it."""
        while (text := draw()) in self.used:
            pass
        self.used.add(text)
        return text

    def kind(self, kinds: Sequence[Member]) -> str:
        """Return an animal of one of the kinds that is not in the story yet."""
        return self.fresh(lambda: self.pick(kinds)["kind"])


def _uniforms(generator: np.random.Generator) -> Iterator[float]:
    """Yield numbers from [0, 1), drawn in blocks because a call to the generator is slow."""
    while True:
        yield from generator.random(256).tolist()


def _habitats(row: Member) -> frozenset[str]:
    return frozenset(row["habitat"].split())


@cache
def native(table: str, habitats: frozenset[str]) -> Sequence[Member]:
    """Return the rows of a table, `kinds`, `heroes` or `places`, that belong to one of the habitats."""
    return [row for row in TABLES[table] if habitats & _habitats(row)]


def _hero(story: Story) -> Member:
    person = _person(story, "child_look", TABLES["heroes"])
    if not story.is_child:
        story.habitats = _habitats(KINDS[person["kind"]])
    texts = RULES | ({} if story.is_child else {"food": KINDS[person["kind"]]["food"]})
    texts["elder"] = f"{person['his']} {{elder}}"
    names = ("food", "trait", "elder", "color", "pastime", "proverb", "dream", "star")
    return person | {name: story.text(texts[name]) for name in names}


def _friend(story: Story) -> Member:
    friend = _person(story, "friend_look", native("heroes", story.habitats))
    full = f"{{his}} {{tie}} {friend['']}" if story.is_child else f"{friend['']} the {friend['kind']}"
    return friend | {"full": story.text(full)}


def _person(story: Story, child_look: str, kinds: Sequence[Member]) -> Member:
    """Draw a person with a name: a child, or an animal of one of the kinds."""
    pronoun = story.pick(("she", "he"))
    if story.is_child:
        kind, moves, names = ("girl" if pronoun == "she" else "boy"), RULES["child_moves"], NAMES[pronoun]
    else:
        kind = story.kind(kinds)
        moves, names = KINDS[kind]["moves"], NAMES["pet"]
    name = story.fresh(lambda: story.text(names))
    plain = f"{story.text(RULES[child_look if story.is_child else 'animal_look'])} {kind}"
    person = {"": name, "kind": kind, "plain": plain, "intro": f"{plain} named {name}", "moves": moves}
    return person | PRONOUN_FORMS[pronoun]


def _adult(story: Story) -> Member:
    row = story.pick(TABLES["relatives"])
    called = story.text(f"{{his}} {row['relative']}")
    return {"": called, "noun": row["relative"]} | PRONOUN_FORMS[row["pronoun"]]


def _helper(story: Story) -> Member:
    if story.is_child:
        noun, work = story.pick(TABLES["jobs"]).values()
    else:
        noun, work = story.kind(native("heroes", story.habitats)), RULES["elder_work"]
    called = story.text(f"{{helper_look}} {noun}")
    return {"": called, "noun": noun, "work": story.text(work)} | PRONOUN_FORMS[story.pick(("she", "he"))]


def _beast(story: Story) -> Member:
    """Draw an animal without a name: one in trouble if that is the plot, else one that lives at the place."""
    trouble = story.get("row", {}).get("kinds")
    names = trouble.split(" / ") if trouble else []
    kind = story.kind([KINDS[name] for name in names] or native("kinds", _habitats(story["place"])))
    return {"": story.text(f"{{beast_look}} {kind}"), "noun": kind} | KINDS[kind]


def _place(story: Story) -> Member:
    """Draw a place in a habitat of the hero, and of the animal in trouble if they share one."""
    shared = story.habitats & _habitats(story["beast"]) if "beast" in story else None
    row = story.pick(native("places", shared or story.habitats))
    return {"": row["in"]} | row


def _thing(story: Story, row: Member | None = None) -> Member:
    row = row or story.pick(TABLES["things"])
    noun = story.fresh(lambda: story.text(row["nouns"]))
    style = story.uniform()
    quality = story.text("{color}" if style < 0.25 else row["adjectives"] if style < 0.75 else "{quality}")
    if style < 0.1:
        quality = story.text(f"{{size}} {quality}")
    return {"": f"{quality} {noun}", "noun": noun, "use": story.text(row["use"])}


def _home(story: Story) -> Member:
    kind = story["hero"]["kind"]
    noun = RULES["home_noun"] if story.is_child else KINDS[kind]["home"]
    called = f"{story.text('{home_look}')} {story.text(noun)}"
    return {"": called, "near": story.text("{near}")}


def _pet(story: Story) -> Member:
    return {"": story.text("{pet_kind}"), "name": story.fresh(lambda: story.text(NAMES["pet"]))}


CAST: Mapping[str, Callable[[Story], Member]] = {
    "hero": _hero,
    "friend": _friend,
    "adult": _adult,
    "helper": _helper,
    "beast": _beast,
    "place": _place,
    "thing": _thing,
    "keepsake": lambda story: _thing(story, THINGS["treasure"]),
    "home": _home,
    "pet": _pet,
    "fact": lambda story: story.pick(TABLES["facts"]),
    "landmark": lambda story: {"": story.fresh(lambda: story.text("{waymark}"))},
}

# Stories ---------------------------------------------------------------------------------------------------------


def stories(seed: int, count: int) -> list[str]:
    """Return the first `count` stories of a seed, ASCII text of 60 to 250 words with one paragraph per line.

    Story i is the same for every count.
    """
    return [tell(random.generator(seed, "story", str(index)))[0] for index in range(count)]


def tell(generator: np.random.Generator) -> tuple[str, Story]:
    """Tell a story; return its text and its cast."""
    told = Story(generator)
    row, paragraphs = told.pick(list(PLOTS.values()))
    if row:
        told["row"] = told.pick(TABLES[row])
    if row == "trouble":
        _ = told["beast"]  # must be drawn before the place, which has to suit it
    lines = (" ".join(told.text(paragraph).split()) for paragraph in paragraphs)
    return "\n".join(line for line in lines if line), told
