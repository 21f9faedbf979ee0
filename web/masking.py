"""Phone numbers as those see them who need not dial them (X1). Pure."""

_HEAD, _TAIL = 3, 4


def masked(number: str) -> str:
    """138****0001 for 13800000001; of a short number only the last two digits are left."""
    hidden = len(number) - _HEAD - _TAIL
    if hidden < 2:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:_HEAD] + "*" * hidden + number[-_TAIL:]
