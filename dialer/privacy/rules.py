"""What is erased of a person who asks to be forgotten, and what has to be kept (X3). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from dialer.followups.dates import add_months
from dialer.playbooks.base import Text
from dialer.playbooks.form.parts import Anchor
from dialer.playbooks.form.questions import TYPED
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.spans import Span, Unit


class KeptWhat(StrEnum):
    """What of a person is left."""

    # Recordings, transcripts and answers of calls whose playbook names a law.
    CALLS = "calls"
    # Audio of the other calls: the archive's own rule takes it away.
    RECORDINGS = "recordings"
    # Hashes of numbers and plates, so that later files are kept out.
    BLOCKS = "blocks"
    # The source's own record numbers, without a name, so that they are known when they come again.
    RECORD_NUMBERS = "record_numbers"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is kept: what, how many, why, and until when (None: for good, or see `anchor`)."""

    what: KeptWhat
    count: int
    why: Text
    until: date | None = None
    # Where it counts from the end of a contract whose date is not known: so long after it.
    after_contract: Span | None = None


BLOCKS_WHY = Text(
    zh="号码和车牌只留加密指纹，用来挡住以后的导入；看不出原号码",
    en="only keyed hashes of numbers and plates, so that later files are kept out; nobody can read them back",
)
RECORD_NUMBERS_WHY = Text(
    zh="来源系统的单据号，不含姓名和联系方式，再次导入时据此拒收",
    en="the source's record numbers, without name or number, so that they are refused when they come again",
)
RECORDINGS_WHY = Text(
    zh="录音由录音档案按回访方案的保存期限删除；转写文字已一并删除",
    en="recordings leave the archive when their playbook's retention ends; their transcripts are erased",
)

_NEVER_SHOWN = frozenset(
    {"number", "numbers", "plate", "name", "names", "words", "said", "note", "title", "value", "answer"}
)


def by_law(playbook: Playbook | None) -> bool:
    """Whether calls of this playbook are kept by law."""
    return playbook is not None and playbook.retention.law is not None


def keeps_until(playbook: Playbook, called_on: date, contract_end: date | None) -> Kept:
    """How long a call that is kept by law is kept."""
    retention = playbook.retention
    assert retention.law is not None
    begins = contract_end if retention.anchor is Anchor.CONTRACT_END else called_on
    if begins is None:
        return Kept(KeptWhat.CALLS, 1, retention.law, after_contract=retention.keep)
    return Kept(KeptWhat.CALLS, 1, retention.law, until=_after(begins, retention.keep))


def gathered(kept: Iterable[Kept]) -> list[Kept]:
    """The same law once, with the number of calls and the latest date."""
    found: dict[tuple[KeptWhat, str, str], Kept] = {}
    for one in kept:
        key = (one.what, one.why.zh, str(one.after_contract))
        same = found.get(key)
        if same is None:
            found[key] = one
            continue
        until = max((at for at in (same.until, one.until) if at is not None), default=None)
        found[key] = Kept(one.what, same.count + one.count, one.why, until, one.after_contract)
    return list(found.values())


def chosen_questions(playbook: Playbook | None) -> frozenset[str]:
    """The questions whose answers are one of several: the figures' scores, and nobody's words."""
    if playbook is None:
        return frozenset()
    return frozenset(question.id for question in playbook.questionnaire if question.type not in TYPED)


def without_person(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event or alarm told, without what a person could be known by."""
    return {key: value for key, value in data.items() if key not in _NEVER_SHOWN}


def _after(day: date, span: Span) -> date:
    months = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}.get(span.unit)
    if months is None:
        return day + timedelta(minutes=span.roughly)
    return add_months(day, span.count * months)
