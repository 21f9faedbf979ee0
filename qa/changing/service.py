"""Use cases of drafts and versions of rules. Each runs in its caller's transaction, a `Database.write`."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.playbooks.editing import with_value
from dialer.playbooks.reading import Problem, Source
from dialer.storage.dialects import keep_event_order
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from qa.changing import queries
from qa.changing.library import NEWEST_SCRIPT, VersionedRules, current, numbered, shipped
from qa.changing.queries import DraftRow, ReplayRow, VersionRow
from qa.changing.reading import BadRules, data_of, fingerprint, read_rules
from qa.changing.rules import Refusal, Unproven, in_force, refusal, unproven
from qa.changing.states import DRAFT, DraftEvent, DraftState, ReplayState
from qa.changing.tables import rule_drafts
from qa.checks import service as checks
from qa.rules.schema import RuleSet, RuleSetError

log = structlog.get_logger(__name__)

PUBLISHED = "rule_set.published"
SAVED = "rule_draft.saved"
# A version that came with the product judges every call there is.
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


class NoRules(Exception):
    """There is no such rule set, draft or version. The message says which are known."""


class DraftConflict(Exception):
    """Somebody else saved or published meanwhile. The message says who, and what to do."""


class CannotPublish(Exception):
    """The draft cannot be published like this; `refusal` says why."""

    def __init__(self, why: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = why


def keep_shipped(conn: Connection, library: VersionedRules, now: datetime) -> int:
    """Keep what the product ships and is not kept yet; give how much was new.

    The first time it is a version in force. Later it is one where the site published none of its own, and
    else a draft that is offered: what a company has changed is never overwritten.
    """
    keep_event_order(conn)  # one process at a time
    return sum(_keep_shipped(conn, library, rule_set, now) for rule_set in sorted(library.ids()))


def _keep_shipped(conn: Connection, library: VersionedRules, rule_set: str, now: datetime) -> bool:
    try:
        text, rules, known_by = shipped(library, rule_set)
    except RuleSetError as error:
        log.error(str(error), action="keep_shipped_rules", rule_set=rule_set)
        return False
    versions = queries.versions_of(conn, rule_set)
    drafts = queries.drafts_of(conn, rule_set)
    if known_by in {*(one.shipped for one in versions), *(one.shipped for one in drafts)}:
        return False
    if any(one.own for one in versions):
        for draft in drafts:
            if draft.state is DraftState.OFFERED:  # this one is newer
                _move(conn, draft, DraftEvent.DISCARD, now)
        based_on = versions[-1].version
        _add_draft(conn, rule_set, text, based_on=based_on, by="", shipped=known_by, now=now)
        return True
    last = max((one.version for one in versions), default=0)
    text, rules = numbered(text, rules, max(last + 1, rules.version))
    begins = now if versions else _ALWAYS
    _add_version(conn, text, rules, shipped=known_by, effective_from=begins, now=now)
    return True


def problems_of(text: str, rule_set: str) -> tuple[Problem, ...]:
    """What is wrong in a draft, each with its line; nothing where it could be published."""
    try:
        rules = read_rules(text, rule_set)
    except BadRules as error:
        return error.problems
    if rules.id != rule_set:
        said = f"the id must stay {rule_set}: another id is another rule set"
        return (Problem(("id",), said, line=Source(text).line(("id",))),)
    return ()


def save_draft(
    conn: Connection,
    library: VersionedRules,
    rule_set: str,
    text: str,
    *,
    by: str,
    now: datetime,
    revision: int | None = None,
) -> DraftRow:
    """Keep a text as the open draft of its rule set, whatever is wrong in it; one is begun where none is.

    Args:
        revision: What was opened: 0 for none, so that two windows do not overwrite each other; None: whatever
            is there is replaced.

    Raises:
        DraftConflict: somebody else saved meanwhile.
        RuleSetError: the version in force cannot be used.
    """
    known = queries.open_draft(conn, rule_set)
    if known is None:
        if revision:
            raise DraftConflict(f"the draft of {rule_set} was published or discarded meanwhile: open it anew")
        if rule_set in library.ids() and not queries.spans_of(conn, rule_set):
            _keep_shipped(conn, library, rule_set, now)  # older calls stay with what came with the product
        now_in_force = current(conn, library, rule_set, now)
        based_on = _newest(conn, rule_set, now_in_force.version if now_in_force else 0)
        return _add_draft(conn, rule_set, text, based_on=based_on, by=by, shipped=None, now=now, is_open=True)
    last = known.authors[-1] if known.authors else ""
    if revision is not None and revision != known.revision:
        raise DraftConflict(f"{last} saved this draft meanwhile: open it anew, and make your changes again")
    authors = list(known.authors) if by in known.authors else [*known.authors, by]
    values = {"yaml": text, "authors": authors, "changed_at": now}
    if not queries.change_draft(conn, known.id, known.revision, values):
        raise DraftConflict(f"{last} saved this draft at the same moment: open it anew")
    emit(conn, SAVED, known.id, now, {"rule_set": rule_set, "by": by})
    return _draft(conn, known.id)


def take_offer(conn: Connection, draft_id: str, now: datetime) -> DraftRow:
    """What the product offers becomes the open draft.

    Raises:
        NoRules: there is no such draft.
        DraftConflict: another draft is open, or the offer is gone.
    """
    offered = _draft(conn, draft_id)
    if queries.open_draft(conn, offered.rule_set) is not None:
        raise DraftConflict(f"{offered.rule_set} has an open draft: publish or discard that first")
    try:
        _move(conn, offered, DraftEvent.TAKE, now)
    except IllegalMove as error:
        raise DraftConflict(f"draft {offered.number} is {offered.state} already") from error
    return _draft(conn, draft_id)


def discard_draft(conn: Connection, draft_id: str, now: datetime) -> None:
    """Give a draft or an offer up; its text stays on record.

    Raises:
        NoRules: there is no such draft.
        DraftConflict: it is published or discarded already.
    """
    draft = _draft(conn, draft_id)
    try:
        _move(conn, draft, DraftEvent.DISCARD, now)
    except IllegalMove as error:
        raise DraftConflict(f"draft {draft.number} is {draft.state} already") from error


def rebase(conn: Connection, draft_id: str, revision: int, now: datetime) -> DraftRow:
    """A person has looked at the version that was published meanwhile: the draft goes on from that.

    Raises:
        NoRules: there is no such draft.
        DraftConflict: somebody else saved meanwhile.
    """
    draft = _draft(conn, draft_id)
    values = {"based_on": _newest(conn, draft.rule_set, draft.based_on), "changed_at": now}
    if not queries.change_draft(conn, draft_id, revision, values):
        raise DraftConflict("somebody else saved this draft meanwhile: open it anew")
    return _draft(conn, draft_id)


def replayed(conn: Connection, draft: DraftRow, now: datetime) -> ReplayRow | None:
    """The replay by which this draft may be published now; None where there is none."""
    if not (done := [one for one in queries.replays_of(conn, draft.id) if one.state is ReplayState.DONE]):
        return None
    lacks = _lacking(conn, draft, now)
    return next((one for one in done if lacks(one) is None), None)


def unproven_of(conn: Connection, draft: DraftRow, replay: ReplayRow, now: datetime) -> Unproven | None:
    """Why this replay, which came to its end, is not enough to publish the draft by it; None: it is."""
    return _lacking(conn, draft, now)(replay)


def _lacking(conn: Connection, draft: DraftRow, now: datetime) -> Callable[[ReplayRow], Unproven | None]:
    try:
        known_by = fingerprint(data_of(read_rules(draft.yaml, draft.rule_set)))
    except BadRules:
        known_by = ""
    version = in_force(queries.spans_of(conn, draft.rule_set), now, NEWEST_SCRIPT)
    return lambda replay: unproven(
        same_text=replay.fingerprint == known_by,
        same_version=replay.against == version,
        judged=replay.done - replay.unjudged,
        unjudged=replay.unjudged,
        stored=queries.count_calls(conn, replay.playbooks, None),
    )


def publish(
    conn: Connection,
    draft_id: str,
    *,
    by: str,
    has_right: bool,
    other_leads: int,
    four_eyes: bool,
    note: str,
    reason: str = "",
    effective_from: datetime | None = None,
    script_from: int | None = None,
    now: datetime,
) -> VersionRow:
    """Bring the open draft into force as the next version; verdicts given before keep theirs.

    Args:
        has_right: Whether `by` may publish rules at all; `other_leads`: how many others may.
        four_eyes: Who wrote in a draft does not publish it, where another one could.
        note: What was changed and why, for those who ask later.
        reason: Why it is published without a replay of its text.
        effective_from: It judges calls placed from then on; None: from now on.
        script_from: ... by this version of the script or a later one; None: by any.

    Raises:
        NoRules: there is no such draft.
        BadRules: something is wrong in it.
        CannotPublish: not by this person, or not without a replay or a reason.
        DraftConflict: another version was published since it was begun, or it is not open.
    """
    keep_event_order(conn)
    draft = _draft(conn, draft_id)
    newest = _newest(conn, draft.rule_set, draft.based_on)
    if newest != draft.based_on:
        raise DraftConflict(
            f"version {newest} of {draft.rule_set} was published since this draft was begun on "
            f"{draft.based_on}: look at what changed, take it over, and go on from there"
        )
    found = problems_of(draft.yaml, draft.rule_set)
    if found:
        raise BadRules(draft.rule_set, found)
    replay = replayed(conn, draft, now)
    why = refusal(
        authors=draft.authors,
        by=by,
        has_right=has_right,
        other_leads=other_leads,
        four_eyes=four_eyes,
        replayed=replay is not None,
        reason=reason,
    )
    if why is not None:
        raise CannotPublish(why, _SAID[why].format(by=by))
    rules = read_rules(draft.yaml, draft.rule_set)
    text = with_value(draft.yaml, ("version",), newest + 1)
    try:
        _move(conn, draft, DraftEvent.PUBLISH, now)
        kept = _add_version(
            conn,
            text,
            rules.model_copy(update={"version": newest + 1}),
            shipped=draft.shipped or _shipped_before(conn, draft.rule_set),
            authors=list(draft.authors),
            approved_by=by,
            note=note.strip(),
            unreplayed="" if replay else reason.strip(),
            replay_id=replay.id if replay else None,
            effective_from=effective_from or now,
            script_from=script_from,
            now=now,
        )
    except IllegalMove as error:
        raise DraftConflict(f"draft {draft.number} is {draft.state} already") from error
    told = {"version": kept.version, "by": by, "note": kept.note, "unreplayed": kept.unreplayed}
    emit(conn, PUBLISHED, draft.rule_set, now, told)
    return kept


def recheck(
    conn: Connection, rule_set: str, *, since: datetime | None, limit: int, by: str, now: datetime
) -> int:
    """Calls that an older version judged are checked again by the one in force; give how many.

    Only on a person's word: until then every verdict stays with the version that gave it.
    """
    newest = _newest(conn, rule_set, 0)
    calls = queries.checked_otherwise(conn, rule_set, newest, since, limit)
    for attempt_id in calls:
        checks.again(conn, attempt_id, now)
    told = {"calls": len(calls), "by": by, "since": since.isoformat() if since else None}
    emit(conn, "rule_set.rechecked", rule_set, now, told)
    return len(calls)


_SAID = {
    Refusal.NO_RIGHT: "{by} has no right to publish rules: a QA lead has (role qa_lead)",
    Refusal.OWN_DRAFT: "{by} wrote in this draft: another QA lead publishes it (setting: changing.four_eyes)",
    Refusal.NOT_REPLAYED: (
        "this text was not replayed on stored calls, each of them judged, beside the version in force: "
        "replay it, or say why it goes without"
    ),
}


def _draft(conn: Connection, draft_id: str) -> DraftRow:
    found = queries.draft(conn, draft_id)
    if found is None:
        raise NoRules(f"there is no draft {draft_id}")
    return found


def _newest(conn: Connection, rule_set: str, otherwise: int) -> int:
    return max((one.version for one in queries.spans_of(conn, rule_set)), default=otherwise)


def _shipped_before(conn: Connection, rule_set: str) -> str | None:
    versions = queries.versions_of(conn, rule_set)
    return versions[-1].shipped if versions else None


def _move(conn: Connection, draft: DraftRow, event: DraftEvent, now: datetime) -> None:
    move = DRAFT.advance(draft.state, event, now)
    apply(conn, rule_drafts, draft.id, move, values={"changed_at": now}, data={"rule_set": draft.rule_set})


def _add_draft(
    conn: Connection,
    rule_set: str,
    text: str,
    *,
    based_on: int,
    by: str,
    shipped: str | None,
    now: datetime,
    is_open: bool = False,
) -> DraftRow:
    draft_id = new_id()
    values = {
        "id": draft_id,
        "rule_set": rule_set,
        "state": DraftState.OPEN if is_open else DraftState.OFFERED,
        "yaml": text,
        "based_on": based_on,
        "shipped": shipped,
        "authors": [by] if by else [],
        "revision": 1,
        "created_at": now,
        "changed_at": now,
    }
    try:
        queries.add_draft(conn, values)
    except IntegrityError as error:
        raise DraftConflict(f"somebody else began a draft of {rule_set} at the same moment") from error
    emit(conn, SAVED if is_open else "rule_draft.offered", draft_id, now, {"rule_set": rule_set, "by": by})
    return _draft(conn, draft_id)


def _add_version(
    conn: Connection,
    text: str,
    rules: RuleSet,
    *,
    shipped: str | None,
    effective_from: datetime,
    now: datetime,
    authors: list[str] | None = None,
    approved_by: str = "",
    note: str = "",
    unreplayed: str = "",
    replay_id: str | None = None,
    script_from: int | None = None,
) -> VersionRow:
    data = data_of(rules)
    row = VersionRow(
        rule_set=rules.id,
        version=rules.version,
        yaml=text,
        rules=data,
        fingerprint=fingerprint(data),
        shipped=shipped,
        authors=authors or [],
        approved_by=approved_by,
        note=note,
        unreplayed=unreplayed,
        replay_id=replay_id,
        effective_from=effective_from,
        script_from=script_from,
        published_at=now,
    )
    queries.add_version(conn, {name: getattr(row, name) for name in row.__dataclass_fields__})
    return row
