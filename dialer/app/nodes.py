"""The telephone systems of an installation, and what reaches them (D8)."""

from collections.abc import Callable
from datetime import datetime

from asterisk.cel import CelFile, CelSource
from asterisk.remote_cel import RemoteCel
from asterisk.server import AsteriskServer
from asterisk.settings import AsteriskSettings
from asterisk.telephony import AsteriskTelephony
from dialer.app.private_asterisk import reach
from dialer.app.settings import Settings
from dialer.figures import LinkFigures
from dialer.nodes.rules import ALONE, Share
from dialer.trunks.choosing import trunks_of
from recordings.node.settings import RemoteFiles
from recordings.remote import RemoteSource
from recordings.several import SeveralSources
from recordings.source import LocalSource, RecordingSource


def shares_of(settings: Settings) -> tuple[Share, ...]:
    """What each node has; the one node of a site that names none has everything."""
    if not settings.nodes:
        return (ALONE,)
    return tuple(
        Share(
            name=one.name,
            first=index == 0,
            phones=one.phones,
            others=tuple(other.name for other in settings.nodes if other is not one),
            other_phones=tuple(
                pattern for other in settings.nodes if other is not one for pattern in other.phones
            ),
        )
        for index, one in enumerate(settings.nodes)
    )


class Nodes:
    """How the nodes of an installation are reached; `server` is its private Asterisk, where it has one."""

    def __init__(self, settings: Settings, server: AsteriskServer | None) -> None:
        self._settings = settings
        self._alone = reach(settings, server)
        self._by_name = {one.name: one for one in settings.nodes}
        # What is counted of each link that was made, by the node's name.
        self.links: dict[str, LinkFigures] = {}

    def reach(self, share: Share) -> AsteriskSettings:
        """How the service reaches this node, with the dial strings of its trunks."""
        node = self._by_name.get(share.name)
        found = node.asterisk if node is not None else self._alone
        trunks = trunks_of(self._settings.calling.trunks, share.name, first=share.first)
        # Every one of them: by its dial string it is known, too, which one brings in a customer who rings.
        named = trunks if self._settings.calling.trunks else ()
        dials = {one.name: one.dial or found.customer_dial for one in named}
        return found.model_copy(update={"trunk_dials": dials}) if dials else found

    def telephony(self, share: Share, clock: Callable[[], datetime]) -> AsteriskTelephony:
        """A link to this node."""
        made = AsteriskTelephony(self.reach(share), clock=clock, cel=self.cel(share))
        self.links[share.name] = made.figures
        return made

    def cel(self, share: Share) -> CelSource:
        """The channel event log of this node, here or through its agent."""
        files = self.files(share)
        if files is None:
            return CelFile(self.reach(share).cel_file)
        return RemoteCel(files.url, files.token, ca=files.ca, timeout=files.timeout_seconds)

    def files(self, share: Share) -> RemoteFiles | None:
        """The agent on this node's machine; None where its files are read from here."""
        return self._by_name[share.name].files if share.name in self._by_name else self._settings.files

    def recordings_of(self, share: Share) -> RecordingSource:
        """Where this node leaves its recordings."""
        return _source(self.reach(share), self.files(share))

    def recordings(self) -> RecordingSource:
        """Where the recordings of all nodes are left."""
        if not self._by_name:
            return _source(self._alone, self._settings.files)
        sources = tuple(_source(one.asterisk, one.files) for one in self._by_name.values())
        return sources[0] if len(sources) == 1 else SeveralSources(sources)


def _source(asterisk: AsteriskSettings, files: RemoteFiles | None) -> RecordingSource:
    if files is None:
        return LocalSource(asterisk.recordings_dir)
    return RemoteSource(files.url, files.token, ca=files.ca, timeout=files.timeout_seconds)
