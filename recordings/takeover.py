"""Takes over what one attempt left at the source: look, archive, link, and only then remove."""

import errno
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import structlog

from dialer.clock import Clock
from dialer.storage.database import Database
from recordings import queries, rules, service
from recordings.archive import Archived, Order, archive, is_intact
from recordings.audio import NoAudio, Unreadable
from recordings.offload import Offload
from recordings.queries import Call, Takeover
from recordings.settings import RecordingSettings
from recordings.source import CALL_PARTS, Left, Part, RecordingSource
from recordings.states import RecordingState

log = structlog.get_logger(__name__)


class TakeOver:
    """Every step may be killed and done again: rows say what is done, names follow from the attempt."""

    def __init__(
        self,
        db: Database,
        source: RecordingSource,
        settings: RecordingSettings,
        offload: Offload,
        clock: Clock,
    ) -> None:
        self._db = db
        self._source = source
        self._settings = settings
        self._offload = offload
        self._clock = clock

    async def attempt(self, job: Takeover) -> None:
        """Do what can be done now; leave the row for later, or none when nothing is left.

        Raises:
            SourceUnreachable, OSError: the source or the archive is in trouble.
            IllegalMove: another process was quicker.
        """
        left = await self._offload.run(self._source.look, job.attempt_id)
        sizes = {str(part): size for part, size in left.sizes.items()}
        if sizes and not left.closed and sizes != dict(job.seen):
            await self.look_again(job, sizes)
            return
        call = await self._db.read(partial(queries.call_of, attempt_id=job.attempt_id))
        row = await self._db.read(partial(queries.recording_of, attempt_id=job.attempt_id))
        if call is None:
            raise LookupError(f"the attempt {job.attempt_id} has no row any more")
        expected = row is not None and row.state == RecordingState.EXPECTED
        await self._keep(call, left)
        if left.has_call or (sizes and not expected):
            await self._finish(job)
        elif self._clock() < job.created_at + timedelta(seconds=self._patience(expected)):
            await self.look_again(job, sizes)
        else:
            if expected:
                log.error(
                    "An answered call left no recording. See whether Asterisk can write its recordings.",
                    action="archive_recording",
                    attempt=job.attempt_id,
                )
                await self._db.write(partial(service.give_up, call=call, now=self._clock()))
            await self._finish(job)

    async def look_again(self, job: Takeover, sizes: Mapping[str, int]) -> None:
        """Nothing can be said yet: look again when the files had time to grow."""
        now = self._clock()
        due_at = now + timedelta(seconds=self._settings.settle_seconds)
        # Begun later than now: the clock was put back, and the patience would be as long as the step.
        since = min(job.created_at, now)
        await self._db.write(
            partial(queries.postpone, attempt_id=job.attempt_id, due_at=due_at, seen=sizes, since=since)
        )

    def _patience(self, expected: bool) -> float:
        """How long to wait for files where there are none: early media need not exist."""
        return self._settings.missing_after_seconds if expected else self._settings.settle_seconds

    async def _finish(self, job: Takeover) -> None:
        await self._db.write(partial(service.finish, attempt_id=job.attempt_id, now=self._clock()))

    async def _keep(self, call: Call, left: Left) -> None:
        removable: tuple[Part, ...] = ()
        if left.has_call and await self._keep_call(call, left):
            removable += CALL_PARTS
        if Part.EARLY in left.sizes and await self._keep_early(call, left):
            removable += (Part.EARLY,)
        if removable:
            await self._offload.run(self._source.remove, call.attempt_id, removable)

    async def _keep_call(self, call: Call, left: Left) -> bool:
        """Archive the call unless it is; give whether its files may go from the source."""
        row = await self._db.read(partial(queries.recording_of, attempt_id=call.attempt_id))
        if row is not None and row.state == RecordingState.FAILED:
            return False
        if row is not None and row.state == RecordingState.ARCHIVED:
            if await self._is_intact(row.path or "", row.sha256 or ""):
                return True
            await self._db.write(partial(service.redo, attempt_id=call.attempt_id, now=self._clock()))
        try:
            archived = await self._offload.run(archive, self._order(call, CALL_PARTS, left))
        except (Unreadable, NoAudio) as error:
            log.error(str(error), action="archive_recording", attempt=call.attempt_id)
            await self._db.write(partial(service.refuse, call=call, reason=str(error), now=self._clock()))
            return False
        verdict = self._judge(call, archived)
        await self._db.write(
            partial(service.keep, call=call, archived=archived, verdict=verdict, now=self._clock())
        )
        log.info(
            "A recording was archived.",
            action="archive_recording",
            attempt=call.attempt_id,
            seconds=archived.seconds,
            problems=[problem.value for problem in verdict.problems],
        )
        await self._demand_intact(archived)
        return True

    async def _keep_early(self, call: Call, left: Left) -> bool:
        """The same for what was heard before the answer; a file without sound is not kept."""
        clip = await self._db.read(partial(queries.early_clip_of, attempt_id=call.attempt_id))
        if clip is not None and await self._is_intact(clip.path, clip.sha256):
            return True
        try:
            archived = await self._offload.run(archive, self._order(call, (Part.EARLY,), left))
        except NoAudio:
            return True
        await self._db.write(partial(service.keep_early, call=call, archived=archived, now=self._clock()))
        await self._demand_intact(archived)
        return True

    async def _demand_intact(self, archived: Archived) -> None:
        """Raise the OSError of a disk that does not keep what it is given."""
        if not await self._is_intact(archived.path, archived.sha256):
            raise OSError(errno.EIO, "the file read back is not what was written", archived.path)

    async def _is_intact(self, path: str, sha256: str) -> bool:
        return await self._offload.run(is_intact, self._settings.root, path, sha256)

    def _judge(self, call: Call, archived: Archived) -> rules.Verdict:
        agent, customer = (
            rules.Side(seconds, share)
            for seconds, share in zip(archived.side_seconds, archived.speech_shares, strict=True)
        )
        limits = rules.Limits(
            self._settings.tolerance_seconds,
            self._settings.least_speech_share,
            self._settings.judge_silence_after_seconds,
        )
        return rules.judge(agent, customer, call.seconds, limits)

    def _order(self, call: Call, channels: tuple[Part, ...], left: Left) -> Order:
        name = rules.archive_name(
            branch=call.branch,
            plate=call.plate,
            customer_id=call.customer_id,
            agent=call.agent,
            attempt_id=call.attempt_id,
            at=call.answered_at or call.placed_at,
            zone=self._settings.zone,
        )
        is_call = channels == CALL_PARTS
        return Order(
            attempt_id=call.attempt_id,
            source=self._source,
            channels=channels,
            present=tuple(part for part in channels if part in left.sizes),
            root=self._settings.root,
            name=name if is_call else f"{name}_early",
            facts=_facts(call, self._clock().isoformat()),
            copies=is_call,
            silence_dbfs=self._settings.silence_dbfs,
            keep_free_bytes=self._settings.keep_free_bytes,
        )


def _facts(call: Call, archived_at: str) -> Mapping[str, object]:
    """What the sidecar tells of the call; times are UTC, the number is masked."""
    return {
        "attempt": call.attempt_id,
        "follow_up": call.follow_up_id,
        "branch": call.branch,
        "plate": call.plate,
        "customer": call.customer_id,
        "agent": call.agent,
        "number": rules.masked(call.number),
        "placed_at": call.placed_at.isoformat(),
        "answered_at": call.answered_at and call.answered_at.isoformat(),
        "ended_at": call.ended_at and call.ended_at.isoformat(),
        "call_seconds": call.seconds,
        "archived_at": archived_at,
    }
