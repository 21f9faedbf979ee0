"""What one version of a rule set changed of another, line by line. Pure."""

from difflib import unified_diff

_KINDS = {"+": "ins", "-": "del"}


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """Lines with two around them: (`ins`, `del` or nothing, the line with its sign)."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm=""))[2:]
    return [(_KINDS.get(line[:1], ""), line) for line in lines]
