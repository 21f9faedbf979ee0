"""Reads a condition: words, then recursive descent over them. Bounded in length and depth. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NoReturn

from dialer.playbooks.expressions.condition_tree import (
    OPERATORS,
    All,
    AnyOf,
    Compare,
    Constant,
    Has,
    Kind,
    Known,
    Literal,
    Name,
    Node,
    Not,
    OneOf,
    Truth,
    check,
)

LONGEST = 2000
DEEPEST = 30

_WORD = re.compile(
    r"""\s*(?:
      (?P<date>d(?P<day>'[^'\n]*'|"[^"\n]*"))
    | (?P<text>'(?:[^'\\]|\\['"\\])*'|"(?:[^"\\]|\\['"\\])*")
    | (?P<number>-?[0-9]{1,18}(?:\.[0-9]{1,9})?(?![\w.]))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    | (?P<sign>==|!=|<=|>=|<|>|\(|\)|,)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"""\\(['"\\])""")
_KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})
_FLIPPED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_VALUE = "a value ('text', a number, d'2026-11-24', true, false)"


@dataclass(frozen=True, slots=True)
class _Word:
    kind: str
    text: str
    column: int


def parse(text: str) -> Node:
    """Read a condition and check what can be checked without knowing the facts.

    Raises:
        ValueError: it is none; the message says the column and what was expected there.
    """
    if len(text) > LONGEST:
        raise ValueError(
            f"column {LONGEST}: a condition has at most {LONGEST} characters, this has {len(text)}"
        )
    parser = _Parser(_words(text))
    node = parser.either()
    if parser.word.kind != "end":
        parser.fail("and, or, or the end")
    check(node, {})
    return node


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    at = 0
    while not words or words[-1].kind != "end":
        found = _WORD.match(text, at)
        if found is None or found.lastgroup is None:
            rest = text[at:].lstrip()
            column = len(text) - len(rest) + 1
            raise ValueError(f"column {column}: {_hint(rest)}")
        kind = "date" if found["date"] is not None else found.lastgroup
        words.append(_Word(kind, found[kind], found.start(kind) + 1))
        at = found.end()
    return words


def _hint(rest: str) -> str:
    if rest.startswith("="):
        return "= is not a sign here; equal is =="
    if rest[0] in "'\"":
        return "a text that does not end; inside one write \\' or \\\" for a quotation mark, \\\\ for \\"
    if rest[0] in "-.0123456789":
        return "not a number: whole ones have at most 18 digits, decimals at most 9 after the point"
    return f"{rest[0]!r} is not part of a condition; texts stand in '...'"


class _Parser:
    def __init__(self, words: list[_Word]) -> None:
        self._words = words
        self._at = 0
        self._depth = 0

    @property
    def word(self) -> _Word:
        return self._words[self._at]

    def fail(self, expected: str) -> NoReturn:
        found = "the end" if self.word.kind == "end" else self.word.text
        raise ValueError(f"column {self.word.column}: expected {expected}, found {found}")

    def either(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"column {self.word.column}: nested more than {DEEPEST} deep")
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _both(self) -> Node:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Node:
        word = self.word
        if self._take("not"):
            self._depth += 1
            if self._depth > DEEPEST:
                raise ValueError(f"column {word.column}: nested more than {DEEPEST} deep")
            inner = self._one()
            self._depth -= 1
            return Not(inner)
        if self._take("("):
            inner = self.either()
            self._need(")")
            return inner
        if word.kind == "name" and self._words[self._at + 1].text == "(" and word.text not in _KEYWORDS:
            return self._call()
        return self._comparison()

    def _call(self) -> Node:
        name = self.word
        if name.text not in ("known", "has", "bad"):
            self.fail("known(...), has(...) or bad(...)")
        self._at += 2
        fact = self._name()
        node: Node
        if name.text == "known":
            node = Known(fact)
        elif name.text == "bad":
            node = Truth(Name(f"{fact.name}.bad", fact.column))
        else:
            self._need(",")
            if self.word.kind != "text":
                self.fail("a text in '...'")
            node = Has(fact, self._literal())
        self._need(")")
        return node

    def _comparison(self) -> Node:
        if self.word.kind == "name" and self.word.text not in _KEYWORDS:
            fact = self._name()
            if self.word.text in ("not", "in") and self.word.kind == "name":
                return self._among(fact)
            if self.word.text not in OPERATORS:
                return Truth(fact)
            sign = self._sign()
            if self.word.kind == "name" and self.word.text not in _KEYWORDS:
                return Compare(fact, sign, self._name())
            return Compare(fact, sign, self._literal())
        literal = self._literal("a fact's name, not, (, known(...), has(...) or bad(...)")
        if self.word.text not in OPERATORS and isinstance(literal.value, bool):
            return Constant(literal.value)
        sign = self._sign()
        if self.word.kind != "name" or self.word.text in _KEYWORDS:
            self.fail("a fact's name: one side of a comparison is a fact")
        return Compare(self._name(), _FLIPPED[sign], literal)

    def _among(self, fact: Name) -> Node:
        negated = self._take("not")
        self._need("in")
        self._need("(")
        values = [self._literal()]
        while self._take(","):
            if self.word.text == ")" and self.word.kind == "sign":
                break
            values.append(self._literal())
            if values[-1].kind is not values[0].kind:
                self._at -= 1
                self.fail(f"a {values[0].kind} like the first one")
        self._need(")")
        return OneOf(fact, tuple(values), negated)

    def _name(self) -> Name:
        word = self.word
        if word.kind != "name" or word.text in _KEYWORDS:
            self.fail("a fact's name")
        self._at += 1
        return Name(word.text, word.column)

    def _sign(self) -> str:
        sign = self.word.text
        if self.word.kind != "sign" or sign not in OPERATORS:
            self.fail("one of == != < <= > >=")
        self._at += 1
        return sign

    def _literal(self, expected: str = _VALUE) -> Literal:
        word = self.word
        literal = _literal(word)
        if literal is None:
            self.fail(expected)
        self._at += 1
        return literal

    def _take(self, text: str) -> bool:
        if self.word.kind in ("name", "sign") and self.word.text == text:
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            self.fail(text)


def _literal(word: _Word) -> Literal | None:
    if word.kind == "text":
        return Literal(Kind.TEXT, _ESCAPED.sub(r"\1", word.text[1:-1]))
    if word.kind == "number":
        return Literal(Kind.NUMBER, Decimal(word.text) if "." in word.text else int(word.text))
    if word.kind == "date":
        try:
            return Literal(Kind.DATE, date.fromisoformat(word.text[2:-1]))
        except ValueError:
            raise ValueError(
                f"column {word.column}: {word.text} is not a date such as d'2026-11-24'"
            ) from None
    if word.kind == "name" and word.text in ("true", "false"):
        return Literal(Kind.TRUTH, word.text == "true")
    return None
