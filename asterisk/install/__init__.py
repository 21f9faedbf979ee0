"""Finds an Asterisk on this machine, or installs a private one without root."""

from asterisk.install.binary import AsteriskBinary, NotUsable, find_on_path
from asterisk.install.debian import InstallError, Progress, default_prefix, install_private
from asterisk.install.find import find_or_install

__all__ = [
    "AsteriskBinary",
    "InstallError",
    "NotUsable",
    "Progress",
    "default_prefix",
    "find_on_path",
    "find_or_install",
    "install_private",
]
