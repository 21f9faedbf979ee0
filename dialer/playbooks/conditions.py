"""Conditions in playbooks: a small closed, typed expression language. Pure, and never `eval`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Value = str | bool | int | Decimal | date | tuple[str, ...] | None
Facts = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read. `text` is how it is written."""

    text: str

    def holds(self, facts: Facts) -> bool:
        """Whether it is true of these facts; a fact that is not known makes a comparison false."""
        raise NotImplementedError

    @property
    def names(self) -> frozenset[str]:
        """The facts it asks for."""
        raise NotImplementedError

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read a condition.

        Raises:
            ValueError: it is none; the message says where.
        """
        return cls(text)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> "Condition":
            return value if isinstance(value, cls) else cls.parse(str(value))

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.text),
        )
