"""Finds an Asterisk on this machine, or installs a private one without root; the same for sipp."""

from asterisk.install.binary import AsteriskBinary, NotUsable, find_on_path
from asterisk.install.debian import default_prefix, install_private
from asterisk.install.find import find_or_install
from asterisk.install.private import InstallError, Progress
from asterisk.install.sipp import find_or_install_sipp

__all__ = [
    "AsteriskBinary",
    "InstallError",
    "NotUsable",
    "Progress",
    "default_prefix",
    "find_on_path",
    "find_or_install",
    "find_or_install_sipp",
    "install_private",
]
