"""Which ports a private Asterisk gets: free ones, or those asked for when they are free."""

import socket
from contextlib import closing

from asterisk.conf import AMI_HOST, Ports
from asterisk.settings import PrivateAsteriskSettings

# Below the range from which the kernel hands out ports by itself.
_RTP_FROM, _RTP_TO = 16384, 32000


class PortBusy(Exception):
    """A port that was asked for is taken. The message says by which setting to choose another."""


def choose_ports(settings: PrivateAsteriskSettings, before: Ports | None = None) -> Ports:
    """The ports asked for; for each 0 the one of `before` (phones know it) if free, else any free one.

    Raises:
        PortBusy: a port asked for is in use by another program.
    """
    host = settings.bind_address
    ami = _one(AMI_HOST, settings.ami_port, before.ami if before else 0, socket.SOCK_STREAM, "ami_port")
    sip = _one(host, settings.sip_port, before.sip if before else 0, socket.SOCK_DGRAM, "sip_port")
    start = settings.rtp_start or _rtp_start(host, settings.rtp_ports, before.rtp_start if before else 0)
    return Ports(ami=ami, sip=sip, rtp_start=start, rtp_end=start + settings.rtp_ports - 1)


def free_port(host: str, *, udp: bool) -> int:
    """A port that nobody uses now."""
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _one(host: str, asked: int, before: int, kind: socket.SocketKind, setting: str) -> int:
    if asked:
        if not _is_free(host, asked, kind):
            protocol = "TCP" if kind == socket.SOCK_STREAM else "UDP"
            raise PortBusy(
                f"{protocol} port {asked} on {host} is in use by another program: stop that program "
                f"(is another Asterisk running?), or set {setting} to 0 to have a free port chosen."
            )
        return asked
    if before and _is_free(host, before, kind):
        return before
    return free_port(host, udp=kind == socket.SOCK_DGRAM)


def _rtp_start(host: str, count: int, before: int) -> int:
    candidates: list[int] = [before, *range(_RTP_FROM, _RTP_TO, count + count % 2)]
    for start in candidates:
        if start and all(_is_free(host, port, socket.SOCK_DGRAM) for port in range(start, start + count)):
            return start
    raise PortBusy(
        f"No {count} UDP ports in a row are free on {host} between {_RTP_FROM} and {_RTP_TO}: "
        "set rtp_start to the first of a free range, or rtp_ports to a smaller number."
    )


def _is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        if kind == socket.SOCK_STREAM:
            # A port whose last connections are still being forgotten is free for a server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
