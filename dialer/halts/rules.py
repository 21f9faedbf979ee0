"""What a halt holds back. Pure."""

from dataclasses import dataclass
from datetime import datetime

# What is halted where it is not one playbook.
EVERYTHING = ""


@dataclass(frozen=True, slots=True)
class Halt:
    """Calling is stopped since `at`; `by` is the supervisor's login, `why` what was said about it.

    `holds` is a playbook's id, or `EVERYTHING`.
    """

    id: str
    holds: str
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Halts:
    """Everything that is stopped now (V2)."""

    open: tuple[Halt, ...] = ()

    def of(self, playbook: str) -> Halt | None:
        """What keeps calls of this playbook from being placed, the widest first; None: nothing does."""
        return self._holding(EVERYTHING) or self._holding(playbook)

    @property
    def everything(self) -> Halt | None:
        """The stop of everything, if there is one."""
        return self._holding(EVERYTHING)

    @property
    def playbooks(self) -> tuple[str, ...]:
        """The playbooks that are stopped by themselves."""
        return tuple(one.holds for one in self.open if one.holds != EVERYTHING)

    def _holding(self, holds: str) -> Halt | None:
        return next((one for one in self.open if one.holds == holds), None)
