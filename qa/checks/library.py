"""The rule sets on disk, read when they are used: a mended file needs no restart."""

from datetime import datetime
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection

from qa.rules.schema import RuleSet, RuleSetError, load_rule_set


class RuleLibrary:
    """Rule sets by id, one `<id>.yaml` each in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, int], RuleSet]] = {}

    def ids(self) -> frozenset[str]:
        """Every rule set there is a file of."""
        return frozenset(path.stem for path in self._folder.glob("*.yaml"))

    def get(self, rule_set_id: str) -> RuleSet:
        """The rule set as its file says now.

        Raises:
            RuleSetError: there is no such file, or it is no rule set of this id.
        """
        path = self._folder / f"{rule_set_id}.yaml"
        try:
            stat = path.stat()
        except OSError as error:
            raise RuleSetError(
                f"There is no rule set {rule_set_id}: {path} cannot be read ({error.strerror}). "
                "Put the file there, or name another rule set in the playbook."
            ) from error
        known = self._read.get(rule_set_id)
        stamp = (stat.st_mtime_ns, stat.st_size)
        if known is not None and known[0] == stamp:
            return known[1]
        rules = load_rule_set(path)
        if rules.id != rule_set_id:
            raise RuleSetError(f"{path} says id: {rules.id}. Write id: {rule_set_id}, or rename the file.")
        self._read[rule_set_id] = (stamp, rules)
        return rules

    def for_call(
        self, conn: Connection, rule_set_id: str, *, playbook_version: int | None, at: datetime
    ) -> RuleSet:
        """The rules that judge a call by this version of the script, placed at `at`: of files the newest.

        Raises:
            RuleSetError: there is none, or it cannot be used.
        """
        return self.get(rule_set_id)


def shipped_rules() -> RuleLibrary:
    """The rule sets that come with the product."""
    return RuleLibrary(Path(str(files("playbooks"))) / "rules")
