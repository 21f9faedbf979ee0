"""TLS for the AMI link."""

import ssl

from asterisk.settings import AsteriskSettings


def context_of(settings: AsteriskSettings) -> ssl.SSLContext | None:
    """How the link is encrypted; None where the settings do not ask for it.

    Asterisk's certificate is always checked: against `tls_ca`, or against those this machine trusts.
    """
    if not settings.tls:
        return None
    context = ssl.create_default_context(cafile=settings.tls_ca)
    context.check_hostname = settings.tls_check_name
    return context
