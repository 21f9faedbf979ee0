"""From the text of a playbook file to the playbook, with the line of whatever is wrong. Pure.

YAML as YAML 1.2 has it: 14:00 is a text and not 840, yes is a text, a key that stands twice is an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dialer.playbooks.form.schema import Playbook

Path = tuple[str | int, ...]

LONGEST = 200_000
_MOST_NODES = 40_000
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong in a playbook file: where, what, and what to do about it."""

    path: Path
    message: str
    advice: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """The place, as `questionnaire.3.when`."""
        return ".".join(str(part) for part in self.path) or "file"

    def __str__(self) -> str:
        line = f" (line {self.line})" if self.line else ""
        return f"{self.where}: {self.message}{line}"


class BadPlaybook(Exception):
    """A playbook file cannot be used. The message names the file, the place and what is wrong."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class _Loader(yaml.CSafeLoader):
    """Reads words as YAML 1.2 does."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", list("tf")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
    ("merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


class Source:
    """A text of YAML with its places."""

    def __init__(self, text: str) -> None:
        """Read the text.

        Raises:
            ValueError: it is not YAML, too large, or ambiguous; `args` are the message and the line.
        """
        if len(text) > LONGEST:
            raise ValueError(f"has {len(text)} characters; a playbook has at most {LONGEST}", 0)
        loader = _Loader(text)
        try:
            self.root = loader.get_single_node()
            if self.root is not None:
                _refuse_the_strange(self.root)
            self.data: object = None if self.root is None else loader.construct_document(self.root)
        except yaml.MarkedYAMLError as error:
            raise ValueError(*_told(error)) from error
        except yaml.YAMLError as error:
            raise ValueError(f"cannot be read: {error}", 0) from error
        finally:
            loader.dispose()

    def line(self, path: Path) -> int:
        """The line of this place, or of the nearest one around it that is there; from 1."""
        node = self.root
        line = 1 if node is None else node.start_mark.line + 1
        for part in path:
            key, node = _below(node, part)
            if node is None:
                break
            line = (key or node).start_mark.line + 1
        return line

    def node(self, path: Path) -> yaml.Node | None:
        """The node at this place."""
        node = self.root
        for part in path:
            _, node = _below(node, part)
        return node


def _below(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None, None


def _told(error: yaml.MarkedYAMLError) -> tuple[str, int]:
    """What is wrong, where it began and where it was noticed; and that line."""
    mark, began = error.problem_mark or error.context_mark, error.context_mark
    line = mark.line + 1 if mark else 0
    what = error.problem or error.context
    if began is not None and began.line + 1 != line:
        what = f"{error.context} that begins in line {began.line + 1}: {what}"
    return f"cannot be read: {what}, line {line}", line


def _refuse_the_strange(root: yaml.Node) -> None:
    """Aliases that multiply without end, and keys that stand twice."""
    for number, (node, depth) in enumerate(_walk(root, 0)):
        if number > _MOST_NODES or depth > _DEEPEST:
            raise ValueError("is nested too deep, or its aliases multiply too much", node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            seen: set[object] = set()
            for key, _ in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise ValueError(f"a key must be a word, line {line}", line)
                if key.value in seen:
                    raise ValueError(f"the key {key.value!r} stands twice, line {line}: remove one", line)
                seen.add(key.value)


def _walk(node: yaml.Node, depth: int) -> Iterator[tuple[yaml.Node, int]]:
    yield node, depth
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _walk(value, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _walk(value, depth + 1)


_ADVICE = {
    "missing": "Write it; it is needed.",
    "extra_forbidden": "Remove it, or check its spelling.",
    "string_type": "Put it in quotation marks.",
}


def read_text(text: str, name: str) -> Playbook:
    """The playbook that is written in `text`; `name` is what messages call the file.

    Raises:
        BadPlaybook: it is not YAML, or not a playbook. Its `problems` have the places.
    """
    try:
        source = Source(text)
    except ValueError as error:
        message, line = error.args
        raise BadPlaybook(f"{name}: {message}", (Problem((), message, line=line),)) from error
    try:
        playbook = Playbook.model_validate(source.data)
    except ValidationError as error:
        items = error.errors()
        # A list whose only item is wrong is not also too short.
        within = {item["loc"][:-1] for item in items} | {item["loc"][:-2] for item in items}
        told = [item for item in items if item["type"] != "too_short" or item["loc"] not in within]
        problems = tuple(_problem(source, item) for item in told)
        raise BadPlaybook(f"{name}: {'; '.join(map(str, problems))}", problems) from error
    playbook.written_as(text)
    return playbook


def _problem(source: Source, item: ErrorDetails) -> Problem:
    path = item["loc"]
    message = item["msg"].removeprefix("Value error, ")
    given = item["input"]
    if isinstance(given, (str, int, float)) and item["type"] not in ("missing", "value_error"):
        message = f"{message}, not {given!r}"
    return Problem(path, message, _ADVICE.get(item["type"], ""), source.line(path))
