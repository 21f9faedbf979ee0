"""Checks what was transcribed against the rules of its playbook: one dull step, and a loop around it."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection
from structlog.contextvars import bound_contextvars

from dialer.clock import Clock
from dialer.machine import IllegalMove
from dialer.playbooks.library import BadPlaybook, Library
from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.checks import queries, service
from qa.checks.library import RuleLibrary
from qa.checks.material import Material, material_of
from qa.checks.queries import CheckedCall
from qa.rules.assess import assess
from qa.rules.schema import RuleSet, RuleSetError
from qa.speech.port import Transcript
from qa.transcripts.queries import spoken

log = structlog.get_logger(__name__)

_LONGEST_SLEEP = 1.0
# Calls leave a dozen rows a second; one look takes them all.
_PAUSE_AFTER_NEWS = 0.1
_BATCH = 20


@dataclass(frozen=True, slots=True)
class _Loaded:
    material: Material
    transcript: Transcript


class _Gone(Exception):
    """The call lost its transcript or its recording meanwhile; news of a new one will come."""


class CheckWorker:
    """Checks every transcribed call (Q5). Work is in rows, and every step may be killed and done again.

    A rule set that cannot be used stops only the calls of its playbook: they wait, with an alarm,
    and go on within `retry_seconds` after the file was mended. `executor` compares the syllables,
    some 0.1 s for each minute of talk; without one it is a thread. `company` is what the site calls itself.
    """

    def __init__(
        self,
        db: Database,
        library: Library,
        rule_library: RuleLibrary,
        clock: Clock,
        executor: Executor | None = None,
        retry_seconds: float = 15.0,
        company: str = "",
    ) -> None:
        self._db = db
        self._library = library
        self._rule_library = rule_library
        self._clock = clock
        self._executor = executor
        self._retry = timedelta(seconds=retry_seconds)
        self._company = company

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed,
            self.step,
            action="check_call",
            longest_sleep=_LONGEST_SLEEP,
            pause_after_news=_PAUSE_AFTER_NEWS,
        )

    async def step(self) -> int:
        """Queue what was transcribed, check what is due; give how much was done."""
        now = self._clock()
        done = 0
        if await self._db.read(service.has_news):
            done += await self._db.write(partial(service.expect_transcribed, now=now))
        for _ in range(_BATCH):
            attempt_id = await self._db.read(partial(queries.next_due, now=now))
            if attempt_id is None:
                break
            with bound_contextvars(attempt=attempt_id):
                await self._check(attempt_id)
            done += 1
        return done

    async def _check(self, attempt_id: str) -> None:
        try:
            loaded = await self._db.read(partial(_load, attempt_id=attempt_id, company=self._company))
            await self._judge(loaded)
        except _Gone:
            await self._db.write(
                partial(queries.put_off, attempt_id=attempt_id, due_at=self._later(), error=None)
            )
        except IllegalMove:
            log.info("Another process was quicker.", action="check_call", attempt=attempt_id)
        except Exception as error:
            reason = str(error) or type(error).__name__
            log.exception("A call could not be checked.", action="check_call", attempt=attempt_id)
            failed = partial(service.check_failed, attempt_id=attempt_id, reason=reason)
            await self._db.write(partial(failed, due_at=self._later(), now=self._clock()))

    async def _judge(self, loaded: _Loaded) -> None:
        call = loaded.material.call
        try:
            rule_set = await self._db.read(partial(self._rules_of, call=call))
        except (RuleSetError, BadPlaybook) as error:
            log.error(str(error), action="check_call", playbook=call.playbook, attempt=call.attempt_id)
            unusable = partial(service.rules_unusable, call=call, reason=str(error))
            await self._db.write(partial(unusable, due_at=self._later(), now=self._clock()))
            return
        judge = partial(
            assess,
            loaded.transcript,
            rule_set,
            loaded.material.facts,
            quality=loaded.material.quality,
            measures=loaded.transcript.conduct,
            unsure_who=loaded.material.unsure_who,
        )
        judged = await asyncio.get_running_loop().run_in_executor(self._executor, judge)
        counts = await self._db.write(
            partial(service.keep, call=call, rules=rule_set, judged=judged, now=self._clock())
        )
        log.info("A call was checked.", action="check_call", attempt=call.attempt_id, **counts)

    def _rules_of(self, conn: Connection, call: CheckedCall) -> RuleSet:
        rules_id = self._library.get(call.playbook, call.playbook_version).rules
        check = queries.check_of(conn, call.attempt_id)
        # Who asks for another check wants the rules as they are now; else those the agent called under.
        at = check.rules_at if check is not None and check.rules_at is not None else call.placed_at
        return self._rule_library.for_call(conn, rules_id, playbook_version=call.playbook_version, at=at)

    def _later(self) -> datetime:
        return self._clock() + self._retry


def _load(conn: Connection, attempt_id: str, company: str) -> _Loaded:
    transcript = spoken(conn, attempt_id)
    material = material_of(conn, attempt_id, transcript, company) if transcript is not None else None
    if transcript is None or material is None:
        raise _Gone
    return _Loaded(material, transcript)
