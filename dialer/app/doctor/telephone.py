"""One telephone system: asked, judged, and what it leaves on the disk."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from asterisk.ami import LinkFault
from asterisk.asking import Answers, ask
from asterisk.cel import CelSource
from asterisk.settings import AsteriskSettings
from asterisk.tls import context_of
from dialer.app.doctor import dialplan, folders, link, phones
from recordings.source import RecordingSource
from web.finding import Finding

NO_ASTERISK = LinkFault(
    "The private Asterisk of this folder does not run.",
    "Start it with `dialer asterisk start`, or the service with `dialer serve`, which starts it.",
)


@dataclass(frozen=True, slots=True)
class AwayFiles:
    """What the agent on the telephone system's machine hands out."""

    url: str
    recordings: RecordingSource
    cel: CelSource


class TelephoneSystem:
    """How `node` (empty: the only one) is reached, the extensions at it, and what was answered."""

    def __init__(
        self,
        node: str,
        where: AsteriskSettings | None,
        extensions: Sequence[str],
        away: AwayFiles | None = None,
    ) -> None:
        self.answers: Answers | None = None
        self._node = node
        self._where = where
        self._away = away
        self._phones: tuple[str, ...] = ()
        self._trunks: tuple[str, ...] = ()
        if where is not None:
            named = (phones.phone_of(where.agent_channel, one) for one in extensions)
            self._phones = tuple(one for one in named if one is not None)
            dials = where.trunk_dials.values() or (where.customer_dial,)
            led_to = (phones.trunk_of(dial) for dial in dials)
            self._trunks = tuple(dict.fromkeys(one for one in led_to if one is not None))

    async def look(self, gate_seconds: int) -> list[Finding]:
        """The link and all that is asked over it, then what Asterisk leaves on the disk."""
        where = self._where
        found: list[Finding] = []
        try:
            if where is None:
                raise NO_ASTERISK
            self.answers = await self._ask(where)
        except LinkFault as fault:
            found += link.no_link(fault)
        else:
            found += self._judged(self.answers, where, gate_seconds)
        if where is not None:
            found += await self._left_behind(where)
        return [replace(one, node=self._node) for one in found]

    async def _ask(self, where: AsteriskSettings) -> Answers:
        return await ask(
            host=where.host,
            port=where.port,
            username=where.username,
            secret=where.secret,
            ssl=context_of(where),
            endpoints=self._phones,
            trunks=self._trunks,
        )

    def _judged(self, answers: Answers, where: AsteriskSettings, gate_seconds: int) -> list[Finding]:
        found = [
            link.check_link(where),
            link.check_tls(where),
            link.check_version(answers),
            link.check_rights(answers),
            link.check_events(answers),
            link.check_clock(answers),
            dialplan.check_dialplan(answers),
            dialplan.check_gate(answers, gate_seconds),
            dialplan.check_modules(answers),
            phones.check_phones(answers, self._phones),
            phones.check_codecs(answers, self._phones, self._trunks),
            *(phones.check_trunk(answers, trunk) for trunk in self._trunks),
        ]
        return [one for one in found if one is not None]

    async def _left_behind(self, where: AsteriskSettings) -> list[Finding]:
        trial = self.answers.trial if self.answers is not None else None
        if self._away is not None:
            away = self._away
            problem = await folders.look_at_source(away.recordings)
            log = await folders.look_at_source_log(away.cel, trial)
            return [folders.check_source(problem, away.url), folders.check_log(log, away.url, trial)]
        folder = await folders.look_at_folder(where.recordings_dir, trial)
        events = await folders.look_at_log(where.cel_file, trial)
        return [
            folders.check_recordings(folder, where.recordings_dir, trial),
            folders.check_log(events, where.cel_file, trial),
        ]
