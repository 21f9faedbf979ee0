"""The rule sets in force: published versions before the shipped files (T7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from dialer.playbooks.editing import with_value
from qa.changing import queries
from qa.changing.queries import VersionRow
from qa.changing.reading import RULES_FOLDER, as_text, data_of, fingerprint, rules_of, shipped_text
from qa.changing.rules import in_force
from qa.checks.library import RuleLibrary
from qa.rules.schema import RuleSet, RuleSetError

# A question about "now" goes by the newest script there may be.
NEWEST_SCRIPT = 1_000_000


class VersionedRules(RuleLibrary):
    """What judges calls: the version in force when one was placed; a file only where no version is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def for_call(
        self, conn: Connection, rule_set_id: str, *, playbook_version: int | None, at: datetime
    ) -> RuleSet:
        """The rules that judge a call by this version of the script, placed at `at`.

        Raises:
            RuleSetError: there is none, or it cannot be used.
        """
        version = in_force(queries.spans_of(conn, rule_set_id), at, playbook_version)
        return self.get(rule_set_id) if version is None else self.version(conn, rule_set_id, version)

    def version(self, conn: Connection, rule_set_id: str, version: int) -> RuleSet:
        """One version, in force or not; the shipped file where that version is not kept.

        Raises:
            RuleSetError: there is none, or it cannot be used.
        """
        row = queries.version_of(conn, rule_set_id, version)
        return self.get(rule_set_id) if row is None else rules_of(as_text(dict(row.rules)))

    def titles(self, conn: Connection, rule_set_id: str, version: int) -> dict[str, Mapping[str, str]]:
        """What this version calls its rules, by rule and language; nothing where it cannot be read."""
        try:
            return {rule.id: rule.title for rule in self.version(conn, rule_set_id, version).rules}
        except RuleSetError:
            return {}  # the alarm of the check says it

    def known_ids(self, conn: Connection) -> frozenset[str]:
        """Every rule set that may be named: those of the files, and the site's own."""
        return self.ids() | frozenset(queries.rule_sets(conn))


def rule_library() -> VersionedRules:
    """The rule sets of a site: its versions, and what comes with the product."""
    return VersionedRules(RULES_FOLDER)


@dataclass(frozen=True, slots=True)
class Current:
    """What is in force of a rule set: its text, its rules, and its row, None before one is kept."""

    rule_set: str
    version: int
    yaml: str
    rules: RuleSet
    row: VersionRow | None


def current(conn: Connection, library: VersionedRules, rule_set: str, now: datetime) -> Current | None:
    """What judges calls placed now; None where there is no such rule set.

    Raises:
        RuleSetError: it cannot be used.
    """
    version = in_force(queries.spans_of(conn, rule_set), now, NEWEST_SCRIPT)
    if version is not None:
        row = queries.version_of(conn, rule_set, version)
        assert row is not None  # its span was just read
        return Current(rule_set, version, row.yaml, rules_of(as_text(dict(row.rules))), row)
    if rule_set not in library.ids():
        return None
    rules = library.get(rule_set)
    return Current(rule_set, rules.version, shipped_text(library.folder, rule_set), rules, None)


def shipped(library: VersionedRules, rule_set: str) -> tuple[str, RuleSet, str]:
    """The shipped file's text, its rules and their fingerprint.

    Raises:
        RuleSetError: it cannot be used.
    """
    rules = library.get(rule_set)
    try:
        text = shipped_text(library.folder, rule_set)
    except OSError as error:
        raise RuleSetError(f"the shipped rule set {rule_set} cannot be read: {error.strerror}") from error
    return text, rules, fingerprint(data_of(rules))


def numbered(text: str, rules: RuleSet, version: int) -> tuple[str, RuleSet]:
    """Text and rules with this version number in them."""
    if rules.version == version:
        return text, rules
    return with_value(text, ("version",), version), rules.model_copy(update={"version": version})
