"""The start of the Asterisk container: its configuration is rendered anew, then it becomes Asterisk.

Phones and trunk come from asterisk.toml, with the settings of `[private_asterisk]` in docs/settings.md. The
secret of the manager interface comes from the variable AMI_SECRET, which the service has too.
"""

import os
import sys
import tomllib
from pathlib import Path

from pydantic import ValidationError

from asterisk.conf import ConfError, Layout, Ports, render_private, write_files
from asterisk.install import find_on_path
from asterisk.settings import PrivateAsteriskSettings

SETTINGS = Path("/etc/huifang/asterisk.toml")
RUN = Path("/var/lib/huifang-asterisk")

# A container is found by its numbers: nothing is left to chance here.
AMI_PORT = 5038
SIP_PORT = 5060
RTP_START = 10000


def main() -> None:
    """Render and start; ends with a sentence where that cannot be done."""
    try:
        values = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
        settings = PrivateAsteriskSettings.model_validate({**values, "ami_secret": os.environ["AMI_SECRET"]})
    except KeyError:
        sys.exit("AMI_SECRET is not set: put it into the file .env beside docker-compose.yml.")
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        sys.exit(f"{SETTINGS} (docker/asterisk.toml), or AMI_SECRET, cannot be used: {error}")
    binary = find_on_path()
    if binary is None:
        sys.exit("This image has no Asterisk of version 18 or later: build it again.")
    layout = Layout(run=RUN, modules=binary.modules, data=binary.data)
    rtp_start = settings.rtp_start or RTP_START
    ports = Ports(
        ami=settings.ami_port or AMI_PORT,
        sip=settings.sip_port or SIP_PORT,
        rtp_start=rtp_start,
        rtp_end=rtp_start + settings.rtp_ports - 1,
    )
    try:
        for folder in layout.folders():
            folder.mkdir(parents=True, exist_ok=True)
        write_files(layout.etc, render_private(settings, ports, layout, binary.version))
        (layout.socket / "asterisk.ctl").unlink(missing_ok=True)
    except (ConfError, OSError) as error:
        sys.exit(f"The configuration cannot be written: {error}")
    print(f"Asterisk {binary.version}: AMI on port {ports.ami}, SIP on {settings.bind_address}:{ports.sip}.")
    sys.stdout.flush()
    os.execv(binary.program, ["asterisk", "-f", "-C", str(layout.etc / "asterisk.conf")])


if __name__ == "__main__":
    main()
