"""Asterisk's configuration, rendered from templates: pure text, put on disk by `write_files`."""

from asterisk.conf.render import (
    AMI_EVENTS,
    AMI_HOST,
    DIALPLAN_VERSION,
    ConfError,
    Layout,
    Ports,
    render_addition,
    render_private,
)
from asterisk.conf.write import write_files

__all__ = [
    "AMI_EVENTS",
    "AMI_HOST",
    "DIALPLAN_VERSION",
    "ConfError",
    "Layout",
    "Ports",
    "render_addition",
    "render_private",
    "write_files",
]
