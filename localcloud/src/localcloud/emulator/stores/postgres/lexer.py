"""SQL's words, and a cursor over them: https://www.postgresql.org/docs/current/sql-syntax-lexical.html."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from localcloud.emulator.stores.postgres.errors import SqlError, unsupported


class Kind(Enum):
    """What a word is."""

    NAME = "name"
    QUOTED = "quoted name"
    STRING = "string"
    NUMBER = "number"
    PARAMETER = "parameter"
    SIGN = "sign"


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        kind: what it is.
        value: what it means: names folded to lower case, quotes undone.
        text: as it was written.
    """

    kind: Kind
    value: str
    text: str


_WORDS = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*)
    |(?P<name>[A-Za-z_\u0080-\uffff][\w$]*)
    |"(?P<quoted>(?:[^"]|"")+)"
    |'(?P<string>(?:[^']|'')*)'
    |(?P<number>\d+(?:\.\d+)?)
    |\$(?P<parameter>\d+)
    |(?P<sign>::|<>|!=|<=|>=|\|\||[-+*/=<>().,;:\[\]])
    """,
    re.VERBOSE,
)


def _words(sql: str) -> Iterator[Word]:
    position = 0
    while position < len(sql):
        match = _WORDS.match(sql, position)
        if match is None:  # dollar quotes, comments between slashes, other operators
            raise unsupported(f"{sql[position]} in SQL")
        position = match.end()
        kind, text = str(match.lastgroup), match[0]
        if kind == "space":
            continue
        value = match[kind]
        if kind == "name":
            if value.lower() in ("e", "u", "b", "x", "n") and sql[position : position + 1] == "'":
                raise unsupported(f"{value.upper()}'…' in SQL")  # strings with a syntax of their own
            value = value.lower()
        elif kind == "quoted":
            value = value.replace('""', '"')
        elif kind == "string":
            value = value.replace("''", "'")
        yield Word(Kind[kind.upper()], value, text)


def statements(sql: str) -> list["Cursor"]:
    """Split what was sent into statements; empty ones are none."""
    found: list[list[Word]] = [[]]
    for word in _words(sql):
        if word.text == ";":
            found.append([])
        else:
            found[-1].append(word)
    return [Cursor(words) for words in found if words]


class Cursor:
    """A place among the words of one statement.

    Args:
        words: all of them.
    """

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        #: Where it is; whoever keeps it may come back.
        self.place = 0

    @property
    def text(self) -> str:
        """The statement, with literals left out: they may be secrets."""
        return " ".join("'…'" if word.kind is Kind.STRING else word.text for word in self._words)

    @property
    def parameters(self) -> int:
        """How many parameters the statement has."""
        return max((int(word.value) for word in self._words if word.kind is Kind.PARAMETER), default=0)

    def again(self) -> "Cursor":
        """Return another cursor at the statement's beginning."""
        return Cursor(self._words)

    @property
    def next(self) -> Word | None:
        """The word here, None at the end."""
        return self._words[self.place] if self.place < len(self._words) else None

    def peek(self, *expected: str) -> bool:
        """Tell whether these words follow: keywords in lower case, or signs."""
        found = self._words[self.place : self.place + len(expected)]
        return len(found) == len(expected) and all(
            word.kind in (Kind.NAME, Kind.SIGN) and word.value == one for word, one in zip(found, expected, strict=True)
        )

    def accept(self, *expected: str) -> bool:
        """Go past these words if they follow, and tell whether they did."""
        if not self.peek(*expected):
            return False
        self.place += len(expected)
        return True

    def expect(self, *expected: str) -> None:
        """Go past these words, or refuse."""
        for one in expected:
            if not self.accept(one):
                raise self.lost()

    def take(self, *kinds: Kind) -> Word:
        """Go past a word of one of some kinds and return it, or refuse."""
        word = self.next
        if word is None or word.kind not in kinds:
            raise self.lost()
        self.place += 1
        return word

    def name(self) -> str:
        """Go past a name and return it."""
        return self.take(Kind.NAME, Kind.QUOTED).value

    def names(self) -> list[str]:
        """Go past names between commas and return them."""
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        return found

    def string(self) -> str:
        """Go past a string and return what it says."""
        return self.take(Kind.STRING).value

    def skip_to(self, *ends: str) -> None:
        """Go past everything up to one of some keywords, or to where the parentheses around this place end."""
        depth = 0
        while (word := self.next) is not None:
            if not depth and (word.text == ")" or (word.kind is Kind.NAME and word.value in ends)):
                return
            depth += {"(": 1, ")": -1}.get(word.text, 0)
            self.place += 1

    def lost(self) -> SqlError:
        """Return the refusal of a statement that goes on in a way that isn't known."""
        word = self.next
        here = "at its end" if word is None else "at a string" if word.kind is Kind.STRING else f"at {word.text}"
        return unsupported(f"{self.text} ({here})")

    def end(self) -> None:
        """Refuse what follows."""
        if self.next is not None:
            raise self.lost()
