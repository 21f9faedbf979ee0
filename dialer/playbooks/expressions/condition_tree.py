"""What a condition means: its parts, how they are written, tested and checked for their kinds. Pure."""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

Value = str | bool | int | Decimal | date | tuple[str, ...] | None
Facts = Mapping[str, Value]
Test = Callable[[Facts], bool]


class Kind(StrEnum):
    """What a value is. Only values of one kind are compared."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TRUTH = "truth"
    LIST = "list"


OPERATORS: Mapping[str, Callable[..., bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_ORDERED = frozenset({"<", "<=", ">", ">="})
_HAVE_ORDER = frozenset({Kind.NUMBER, Kind.DATE})
_KINDS: Mapping[type, Kind] = {
    str: Kind.TEXT,
    bool: Kind.TRUTH,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    Decimal: Kind.NUMBER,
    date: Kind.DATE,
    tuple: Kind.LIST,
    list: Kind.LIST,
}


def kind_of(value: object) -> Kind | None:
    """What a value is; None where it is unknown or nothing a condition deals in."""
    kind = _KINDS.get(type(value))
    if kind is None and value is not None:
        # Words of the product are texts of a narrower type (StrEnum).
        kind = Kind.TEXT if isinstance(value, str) else None
    return kind


@dataclass(frozen=True, slots=True)
class Name:
    """A fact, by name; its value is None where it is not known."""

    name: str
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written in the condition."""

    kind: Kind
    value: str | bool | int | Decimal | date


@dataclass(frozen=True, slots=True)
class Constant:
    """Always, or never."""

    value: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """A fact that is true or false, by itself: `member`, `bad(q3)`."""

    fact: Name


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a fact is there and not empty."""

    fact: Name


@dataclass(frozen=True, slots=True)
class Has:
    """Whether a list holds a text."""

    fact: Name
    item: Literal


@dataclass(frozen=True, slots=True)
class Compare:
    """A fact beside a value or another fact."""

    left: Name
    sign: str
    right: Name | Literal


@dataclass(frozen=True, slots=True)
class OneOf:
    """A fact among some values, or not among them."""

    fact: Name
    values: tuple[Literal, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    inner: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Each of them: `and`."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them: `or`."""

    parts: tuple["Node", ...]


Node = Constant | Truth | Known | Has | Compare | OneOf | Not | All | AnyOf


def written(node: Node) -> str:
    """The condition as a text that reads back as the same condition."""
    match node:
        case Constant(value):
            return str(value).lower()
        case Truth(fact):
            owner, dot, last = fact.name.rpartition(".")
            return f"bad({owner})" if dot and last == "bad" else fact.name
        case Known(fact):
            return f"known({fact.name})"
        case Has(fact, item):
            return f"has({fact.name}, {_literal(item)})"
        case Compare(left, sign, right):
            return f"{left.name} {sign} {right.name if isinstance(right, Name) else _literal(right)}"
        case OneOf(fact, values, negated):
            among = ", ".join(_literal(value) for value in values)
            return f"{fact.name} {'not in' if negated else 'in'} ({among})"
        case Not(inner):
            return f"not {_inside(inner, All, AnyOf)}"
        case All(parts):
            return " and ".join(_inside(part, All, AnyOf) for part in parts)
        case AnyOf(parts):
            return " or ".join(_inside(part, AnyOf) for part in parts)


def _inside(node: Node, *bracketed: type) -> str:
    return f"({written(node)})" if isinstance(node, bracketed) else written(node)


def _literal(literal: Literal) -> str:
    match literal.value:
        case bool():
            return str(literal.value).lower()
        case str():
            return "'" + literal.value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case date():
            return f"d'{literal.value.isoformat()}'"
        case _:
            return format(literal.value, "f" if isinstance(literal.value, Decimal) else "d")


def facts_of(node: Node) -> Iterator[Name]:
    """Each place where the condition names a fact."""
    match node:
        case Constant():
            return
        case Truth(fact) | Known(fact) | Has(fact) | OneOf(fact):
            yield fact
        case Compare(left, _, right):
            yield left
            if isinstance(right, Name):
                yield right
        case Not(inner):
            yield from facts_of(inner)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from facts_of(part)


def check(node: Node, kinds: Mapping[str, Kind]) -> None:
    """Refuse what can never be true: values of two kinds side by side, an order where there is none.

    Args:
        kinds: What each fact is, where that is known; a fact that is left out may be anything.

    Raises:
        ValueError: the message says the column, and what was expected.
    """
    match node:
        case Truth(fact):
            _expect(fact, kinds, Kind.TRUTH)
        case Has(fact):
            _expect(fact, kinds, Kind.LIST)
        case Compare(left, sign, right):
            other = right.kind if isinstance(right, Literal) else kinds.get(right.name)
            if other is not None:
                _expect(left, kinds, other)
            for kind in (kinds.get(left.name), other):
                _has_sign(left, sign, kind)
        case OneOf(fact, values):
            for value in values:
                _expect(fact, kinds, value.kind)
        case Not(inner):
            check(inner, kinds)
        case All(parts) | AnyOf(parts):
            for part in parts:
                check(part, kinds)
        case Constant() | Known():
            pass


def _expect(fact: Name, kinds: Mapping[str, Kind], kind: Kind) -> None:
    if kinds.get(fact.name, kind) is not kind:
        raise ValueError(
            f"column {fact.column}: {fact.name} is a {kinds[fact.name]}, here a {kind} is expected"
        )


def _has_sign(fact: Name, sign: str, kind: Kind | None) -> None:
    if kind is Kind.LIST:
        raise ValueError(f"column {fact.column}: a list is asked by has({fact.name}, 'one'), not by {sign}")
    if kind is not None and sign in _ORDERED and kind not in _HAVE_ORDER:
        raise ValueError(f"column {fact.column}: {sign} is for numbers and dates; for a {kind} use == or !=")


def compiled(node: Node) -> Test:
    """A function that tests facts. It may raise TypeError or ArithmeticError on strange values (a NaN)."""
    match node:
        case Constant(always):
            return lambda facts: always
        case Truth(fact):
            return _truth(fact.name)
        case Known(fact):
            return _known(fact.name)
        case Has(fact, item):
            return _has(fact.name, item)
        case Compare(left, sign, right):
            if isinstance(right, Name):
                return _beside_fact(left.name, OPERATORS[sign], right.name)
            return _beside_value(left.name, OPERATORS[sign], right.kind, right.value)
        case OneOf(fact, values, negated):
            return _one_of(fact.name, values, negated)
        case Not(inner):
            return _opposite(compiled(inner))
        case All(parts):
            return _all(tuple(compiled(part) for part in parts))
        case AnyOf(parts):
            return _any(tuple(compiled(part) for part in parts))


def _truth(name: str) -> Test:
    return lambda facts: facts.get(name) is True


def _known(name: str) -> Test:
    return lambda facts: facts.get(name) not in (None, "", (), [])


def _has(name: str, item: Literal) -> Test:
    wanted = item.value

    def test(facts: Facts) -> bool:
        value = facts.get(name)
        return isinstance(value, (tuple, list)) and wanted in value

    return test


def _beside_value(name: str, sign: Callable[..., bool], kind: Kind, right: object) -> Test:
    def test(facts: Facts) -> bool:
        left = facts.get(name)
        return kind_of(left) is kind and sign(left, right)

    return test


def _beside_fact(name: str, sign: Callable[..., bool], other: str) -> Test:
    def test(facts: Facts) -> bool:
        left, right = facts.get(name), facts.get(other)
        kind = kind_of(left)
        return kind is not None and kind is kind_of(right) and sign(left, right)

    return test


def _one_of(name: str, literals: tuple[Literal, ...], negated: bool) -> Test:
    kind, values = literals[0].kind, frozenset(literal.value for literal in literals)

    def test(facts: Facts) -> bool:
        value = facts.get(name)
        return kind_of(value) is kind and (value in values) is not negated

    return test


def _opposite(inner: Test) -> Test:
    return lambda facts: not inner(facts)


def _all(tests: tuple[Test, ...]) -> Test:
    def test(facts: Facts) -> bool:
        # A loop is twice as fast as all() over a generator.
        for one in tests:  # noqa: SIM110
            if not one(facts):
                return False
        return True

    return test


def _any(tests: tuple[Test, ...]) -> Test:
    def test(facts: Facts) -> bool:
        for one in tests:  # noqa: SIM110
            if one(facts):
                return True
        return False

    return test
