"""Conditions in playbooks: a small closed, typed expression language. Pure, and never `eval`.

    kind == 'settlement-order' and amount >= 500        == != < <= > >=
    grade in ('A', 'B') or branch not in ('郑州东店')    and, or, not, parentheses
    next_due < d'2026-12-01' and member                 texts, numbers, dates, true, false
    known(birthday) and has(segments, 'vip')            a fact is there; a list holds a text
    bad(q3)                                             the answer is one of the question's bad ones

A comparison with a fact that is not known is false, whatever its sign: `grade != 'A'` is false of a customer
without a grade (write `not grade == 'A'` to include them). So is one of two kinds (a text beside a number)
where that could not be told when the condition was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from dialer.playbooks.expressions import condition_tree
from dialer.playbooks.expressions.condition_parser import parse
from dialer.playbooks.expressions.condition_tree import Facts, Kind, Node, Test, Value

__all__ = ["Condition", "Facts", "Kind", "Value"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read. `text` is how it is written; two that mean the same parts are equal."""

    text: str = field(compare=False)
    tree: Node = field(repr=False)
    _test: Test = field(compare=False, repr=False)

    def holds(self, facts: Facts) -> bool:
        """Whether it is true of these facts; an unknown fact makes a comparison false. Never raises."""
        try:
            return self._test(facts)
        except (TypeError, ArithmeticError):  # a NaN, a value that no condition deals in
            return False

    @property
    def names(self) -> frozenset[str]:
        """The facts it asks for; of `bad(q3)` that is `q3.bad`."""
        return frozenset(name.name for name in condition_tree.facts_of(self.tree))

    def check(self, kinds: Mapping[str, Kind], known: frozenset[str] | None = None) -> None:
        """Refuse names and comparisons that make no sense of these facts.

        Args:
            kinds: What each fact is, where that is known.
            known: Every name that may stand here; None: any.

        Raises:
            ValueError: the message says the column, and what was expected.
        """
        for name in condition_tree.facts_of(self.tree) if known is not None else ():
            if known is not None and name.name not in known:
                raise ValueError(f"column {name.column}: {name.name} is not a fact that is known here")
        condition_tree.check(self.tree, kinds)

    @staticmethod
    def parse(text: str) -> "Condition":
        """Read a condition.

        Raises:
            ValueError: it is none; the message says the column and what was expected there.
        """
        return _read(text)

    def __str__(self) -> str:
        return condition_tree.written(self.tree)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Condition.parse, (self.text,)

    def __deepcopy__(self, _memo: object) -> "Condition":
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> "Condition":
            if isinstance(value, cls):
                return value
            # YAML reads a bare true or false by itself.
            return cls.parse(str(value).lower() if isinstance(value, bool) else str(value))

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.text),
        )


@lru_cache(maxsize=4096)
def _read(text: str) -> Condition:
    tree = parse(text)
    return Condition(text, tree, condition_tree.compiled(tree))
