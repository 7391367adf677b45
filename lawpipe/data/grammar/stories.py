"""A generator of short children's stories: a small grammar with agreement, dialogue and plots.

A story is one plot: a template whose slots are filled from rules and from a cast. Each member of the cast is drawn
once per story, so that whoever is introduced early comes back later. The words, rules, tables and plots are in
`words.txt`, which also explains the templates.

A paragraph of a story is one line; all text is ASCII.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import accumulate, chain
from typing import TypeVar

import numpy as np

from lawpipe.run import random

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
        # Numbers from [0, 1), drawn in blocks because a call to the generator is slow.
        blocks = iter(lambda: generator.random(256).tolist(), [])
        self.uniform: Callable[[], float] = chain.from_iterable(blocks).__next__
        self.used: set[str] = set()  # names and nouns, because no two members of a cast share one
        self.is_child = self.uniform() < CHILD_SHARE
        self.habitats = CHILD_HABITATS

    def __missing__(self, role: str) -> Member:
        self[role] = getattr(self, f"_{role.rstrip('23')}")()
        return self[role]

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

    def _hero(self) -> Member:
        person = self._person("child_look", TABLES["heroes"])
        if not self.is_child:
            self.habitats = _habitats(KINDS[person["kind"]])
        texts = RULES | ({} if self.is_child else {"food": KINDS[person["kind"]]["food"]})
        texts["elder"] = f"{person['his']} {{elder}}"
        names = ("food", "trait", "elder", "color", "pastime", "proverb", "dream", "star")
        return person | {name: self.text(texts[name]) for name in names}

    def _friend(self) -> Member:
        friend = self._person("friend_look", native("heroes", self.habitats))
        full = f"{{his}} {{tie}} {friend['']}" if self.is_child else f"{friend['']} the {friend['kind']}"
        return friend | {"full": self.text(full)}

    def _person(self, child_look: str, kinds: Sequence[Member]) -> Member:
        """Draw a person with a name: a child, or an animal of one of the kinds."""
        pronoun = self.pick(("she", "he"))
        if self.is_child:
            kind, moves, names = ("girl" if pronoun == "she" else "boy"), RULES["child_moves"], NAMES[pronoun]
        else:
            kind = self.kind(kinds)
            moves, names = KINDS[kind]["moves"], NAMES["pet"]
        name = self.fresh(lambda: self.text(names))
        plain = f"{self.text(RULES[child_look if self.is_child else 'animal_look'])} {kind}"
        person = {"": name, "kind": kind, "plain": plain, "intro": f"{plain} named {name}", "moves": moves}
        return person | PRONOUN_FORMS[pronoun]

    def _adult(self) -> Member:
        row = self.pick(TABLES["relatives"])
        called = self.text(f"{{his}} {row['relative']}")
        return {"": called, "noun": row["relative"]} | PRONOUN_FORMS[row["pronoun"]]

    def _helper(self) -> Member:
        if self.is_child:
            noun, work = self.pick(TABLES["jobs"]).values()
        else:
            noun, work = self.kind(native("heroes", self.habitats)), RULES["elder_work"]
        called = self.text(f"{{helper_look}} {noun}")
        return {"": called, "noun": noun, "work": self.text(work)} | PRONOUN_FORMS[self.pick(("she", "he"))]

    def _beast(self) -> Member:
        """Draw an animal without a name: one in trouble if that is the plot, else one that lives at the place."""
        trouble = self.get("row", {}).get("kinds")
        names = trouble.split(" / ") if trouble else []
        kind = self.kind([KINDS[name] for name in names] or native("kinds", _habitats(self["place"])))
        return {"": self.text(f"{{beast_look}} {kind}"), "noun": kind} | KINDS[kind]

    def _place(self) -> Member:
        """Draw a place in a habitat of the hero, and of the animal in trouble if they share one."""
        shared = self.habitats & _habitats(self["beast"]) if "beast" in self else None
        row = self.pick(native("places", shared or self.habitats))
        return {"": row["in"]} | row

    def _thing(self, row: Member | None = None) -> Member:
        row = row or self.pick(TABLES["things"])
        noun = self.fresh(lambda: self.text(row["nouns"]))
        style = self.uniform()
        quality = self.text("{color}" if style < 0.25 else row["adjectives"] if style < 0.75 else "{quality}")
        if style < 0.1:
            quality = self.text(f"{{size}} {quality}")
        return {"": f"{quality} {noun}", "noun": noun, "use": self.text(row["use"])}

    def _home(self) -> Member:
        kind = self["hero"]["kind"]
        noun = RULES["home_noun"] if self.is_child else KINDS[kind]["home"]
        called = f"{self.text('{home_look}')} {self.text(noun)}"
        return {"": called, "near": self.text("{near}")}

    def _pet(self) -> Member:
        return {"": self.text("{pet_kind}"), "name": self.fresh(lambda: self.text(NAMES["pet"]))}

    def _keepsake(self) -> Member:
        return self._thing(THINGS["treasure"])

    def _fact(self) -> Member:
        return self.pick(TABLES["facts"])

    def _landmark(self) -> Member:
        return {"": self.fresh(lambda: self.text("{waymark}"))}


def _habitats(row: Member) -> frozenset[str]:
    return frozenset(row["habitat"].split())


@cache
def native(table: str, habitats: frozenset[str]) -> Sequence[Member]:
    """Return the rows of a table, `kinds`, `heroes` or `places`, that belong to one of the habitats."""
    return [row for row in TABLES[table] if habitats & _habitats(row)]


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
