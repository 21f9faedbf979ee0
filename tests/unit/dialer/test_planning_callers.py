"""Who must call and who must not: the staff who served, and named callers (R12, P21). Pure."""

from dialer.planning.rules.owed import callers
from dialer.playbooks.form.schema import CallerRule

STAFF = {"王": ["a1"], "801": ["a1"], "张": ["a2"], "802": ["a2"]}
SERVED = {"salesperson": "王"}


def test_r12_who_served_must_call_only_where_he_may() -> None:
    """R12: who sold is not named, so that any of the named may call, and nobody waits for ever."""
    assert callers(CallerRule.SAME_STAFF, SERVED, STAFF, ("801", "802")) == ("a1", True, ())
    assert callers(CallerRule.SAME_STAFF, SERVED, STAFF, ("802",)) == (None, False, ())
    assert callers(CallerRule.SAME_STAFF, SERVED, STAFF) == ("a1", True, ())


def test_r12_who_served_is_barred_also_where_he_is_named() -> None:
    assert callers(CallerRule.NOT_SERVING_STAFF, SERVED, STAFF, ("801",)) == (None, False, ("a1",))
