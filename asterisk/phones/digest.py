"""The answer to a digest challenge (RFC 2617, MD5, with or without qop). Pure."""

import re
from hashlib import md5


def authorization(
    challenge: str, *, username: str, password: str, method: str, uri: str, cnonce: str, count: int = 1
) -> str:
    """The Authorization header for a WWW-Authenticate header. `cnonce` is random, `count` grows per nonce.

    Raises:
        ValueError: the challenge wants something else than MD5 digest.
    """
    fields = {name.lower(): value for name, value in re.findall(r'(\w+)\s*=\s*"?([^",]*)"?', challenge)}
    if not challenge.lower().startswith("digest ") or fields.get("algorithm", "MD5").upper() != "MD5":
        raise ValueError(f"Only MD5 digest is known here, the registrar asks for: {challenge[:80]}")
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    secret = _hex(f"{username}:{realm}:{password}")
    what = _hex(f"{method}:{uri}")
    parts = {"username": username, "realm": realm, "nonce": nonce, "uri": uri}
    tail = ", algorithm=MD5"
    if "auth" in fields.get("qop", "").split(","):
        parts["response"] = _hex(f"{secret}:{nonce}:{count:08x}:{cnonce}:auth:{what}")
        parts["cnonce"] = cnonce
        tail += f", qop=auth, nc={count:08x}"
    else:
        parts["response"] = _hex(f"{secret}:{nonce}:{what}")
    if "opaque" in fields:
        parts["opaque"] = fields["opaque"]
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in parts.items()) + tail


def _hex(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
