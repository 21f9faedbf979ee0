"""Changes one value in a playbook's text and leaves all else as it is written, comments included. Pure."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal

import yaml

from dialer.playbooks.reading import Path, Source

# What needs no quotation marks: a span as 3wd, a word with a dash as shift_deadline.
_PLAIN = re.compile(r"-?[0-9]+(?:min|h|wd|d|w|mo|q|y)|[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+")

Plain = str | int | Decimal | bool | None | list["Plain"] | dict[str, "Plain"]


def with_values(text: str, changes: Mapping[Path, Plain]) -> str:
    """The text with each of these values changed.

    Raises:
        ValueError: the text is not YAML, or has no place for one of them.
    """
    for path, value in changes.items():
        text = with_value(text, path, value)
    return text


def with_value(text: str, path: Path, value: Plain) -> str:
    """The text with this value at this place; what is missing around it is written, too.

    Raises:
        ValueError: the text is not YAML, or has no such place (the third of two questions).
    """
    source = Source(text)
    node = source.node(path)
    if node is not None:
        return _replaced(text, node, _written(value))
    for known in range(len(path) - 1, -1, -1):
        parent = source.node(path[:known])
        if parent is None:
            continue
        for part in reversed(path[known + 1 :]):
            value = {str(part): value}
        if not isinstance(parent, yaml.MappingNode) or not isinstance(path[known], str):
            if isinstance(parent, yaml.ScalarNode) and parent.value in ("", "null", "~"):
                return _replaced(text, parent, _written({str(path[known]): value}))
            break
        return _inserted(text, parent, f"{path[known]}: {_written(value)}", at_end=known == 0)
    raise ValueError(f"there is no place for {'.'.join(map(str, path))} in the file")


def _replaced(text: str, node: yaml.Node, written: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    old = text[start:end]
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        # A block ends where the next thing begins: what is between them, comments too, stays.
        end = start + len(_without_what_follows(old))
    blank = "" if start == 0 or text[start - 1] in " \n[{," else " "
    return text[:start] + blank + written + text[end:]


def _without_what_follows(block: str) -> str:
    lines = block.splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return "".join(lines).rstrip()


def _inserted(text: str, parent: yaml.MappingNode, entry: str, *, at_end: bool) -> str:
    start = parent.start_mark.index
    if parent.flow_style:
        comma = ", " if parent.value else ""
        return f"{text[: start + 1]}{entry}{comma}{text[start + 1 :]}"
    if at_end:
        return f"{text.rstrip()}\n{entry}\n"
    first = parent.value[0][0].start_mark
    return f"{text[: first.index]}{entry}\n{' ' * first.column}{text[first.index :]}"


def _written(value: Plain) -> str:
    """In flow style, which fits everywhere."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_written(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_written, value)) + "]"
        case Decimal():
            return format(value, "f")
        case str() if _PLAIN.fullmatch(value):
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
