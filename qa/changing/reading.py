"""From the text of a rule set to its rules, with the line of whatever is wrong; and back to what is kept."""

import hashlib
import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dialer.playbooks.reading import Problem, Source
from qa.rules.schema import RuleSet, RuleSetError, parse_rule_set

Data = dict[str, Any]

# Where the files lie that a rule set may include.
RULES_FOLDER = Path(str(files("playbooks"))) / "rules"

_ADVICE = {
    "missing": "Write it; it is needed.",
    "extra_forbidden": "Remove it, or check its spelling.",
    "string_type": "Put it in quotation marks.",
}


class BadRules(Exception):
    """A text is no rule set. The message and its `problems` say line, place, what is wrong, what to do."""

    def __init__(self, name: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{name}: " + "; ".join(map(str, problems)))
        self.problems = problems


def read_rules(text: str, name: str) -> RuleSet:
    """The rule set that is written in `text`; `name` is what messages call it.

    Raises:
        BadRules: it is not YAML, or no rule set.
    """
    try:
        source = Source(text)
    except ValueError as error:
        message, line = error.args
        raise BadRules(name, (Problem((), message, line=line),)) from error
    try:
        return parse_rule_set(text, name, RULES_FOLDER)
    except RuleSetError as error:
        raise BadRules(name, _problems(error, source)) from error


def _problems(error: RuleSetError, source: Source) -> tuple[Problem, ...]:
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return (Problem((), str(error), line=1),)
    found = []
    for item in cause.errors():
        path, message = item["loc"], item["msg"].removeprefix("Value error, ")
        given = item["input"]
        if isinstance(given, (str, int, float)) and item["type"] not in ("missing", "value_error"):
            message = f"{message}, not {given!r}"
        found.append(Problem(path, message, _ADVICE.get(item["type"], ""), source.line(path)))
    return tuple(found)


def data_of(rules: RuleSet) -> Data:
    """All of a rule set as it is kept: what it includes, too."""
    kept: Data = rules.model_dump(mode="json", by_alias=True)
    return kept


def as_text(data: Data) -> str:
    """The same in one line, always the same for the same rules."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def fingerprint(data: Data) -> str:
    """What the rules are known by, whatever version number they bear."""
    known = as_text({name: value for name, value in data.items() if name != "version"})
    return hashlib.sha256(known.encode()).hexdigest()


@lru_cache(maxsize=256)
def rules_of(kept: str) -> RuleSet:
    """The rule set of a kept text; what is kept never changes, so it is read once.

    Raises:
        RuleSetError: this version of the product cannot read it.
    """
    try:
        return RuleSet.model_validate_json(kept)
    except ValidationError as error:
        raise RuleSetError(
            f"A kept version of a rule set cannot be read by this version of the product: {error}"
        ) from error


def shipped_text(folder: Path, rule_set: str) -> str:
    """The file of a shipped rule set."""
    return (folder / f"{rule_set}.yaml").read_text(encoding="utf-8")
