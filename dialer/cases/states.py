"""The lives of complaint cases, question items and tasks (K1, K5, L8)."""

from enum import StrEnum

from dialer.machine import Machine


class CaseState(StrEnum):
    """Where a complaint stands."""

    NEW = "new"
    JUDGED = "judged"
    INVESTIGATING = "investigating"
    PROPOSED = "proposed"
    APPROVED = "approved"
    CARRIED_OUT = "carried_out"
    ACCEPTED = "accepted"
    SUMMED_UP = "summed_up"
    # The customer is called to verify it (P7).
    CLOSED = "closed"


class CaseEvent(StrEnum):
    """What moves a complaint."""

    JUDGE = "judge"
    INVESTIGATE = "investigate"
    PROPOSE = "propose"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    CARRY_OUT = "carry_out"
    ACCEPT = "accept"
    SUM_UP = "sum_up"
    CLOSE = "close"
    REOPEN = "reopen"


class ItemState(StrEnum):
    """Where a question item stands."""

    OPEN = "open"
    # The department has explained it; the customer is owed a second call.
    EXPLAINED = "explained"
    CALLED_AGAIN = "called_again"
    CLOSED = "closed"


class ItemEvent(StrEnum):
    """What moves a question item."""

    EXPLAIN = "explain"
    CALL_AGAIN = "call_again"
    CLOSE = "close"
    REOPEN = "reopen"


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class TaskEvent(StrEnum):
    """What moves a task."""

    FINISH = "finish"
    DROP = "drop"


class TaskKind(StrEnum):
    """What a task is about."""

    PROMISE = "promise"
    OTHER_MEANS = "other_means"
    OPPORTUNITY = "opportunity"
    MAINTENANCE = "maintenance"
    # Whether the customer had a question: the check could not tell, QA listens and decides.
    QUESTION = "question"
    # The customer was heard to ask for no more calls: a person listens and sets it (X3).
    DO_NOT_CALL = "do_not_call"
    OTHER = "other"


S, E = CaseState, CaseEvent

CASE = Machine(
    "case",
    {
        E.JUDGE: {S.NEW: S.JUDGED},
        E.INVESTIGATE: {S.JUDGED: S.INVESTIGATING},
        E.PROPOSE: {S.INVESTIGATING: S.PROPOSED},
        E.SEND_BACK: {S.PROPOSED: S.INVESTIGATING},
        E.APPROVE: {S.PROPOSED: S.APPROVED},
        E.CARRY_OUT: {S.APPROVED: S.CARRIED_OUT},
        E.ACCEPT: {S.CARRIED_OUT: S.ACCEPTED},
        E.SUM_UP: {S.ACCEPTED: S.SUMMED_UP},
        # A complaint without ground is told so kindly, and closed.
        E.CLOSE: {S.JUDGED: S.CLOSED, S.SUMMED_UP: S.CLOSED},
        E.REOPEN: {S.CLOSED: S.INVESTIGATING},
    },
)

QUESTION_ITEM = Machine(
    "question_item",
    {
        ItemEvent.EXPLAIN: {ItemState.OPEN: ItemState.EXPLAINED},
        ItemEvent.CALL_AGAIN: {ItemState.EXPLAINED: ItemState.CALLED_AGAIN},
        ItemEvent.CLOSE: {ItemState.CALLED_AGAIN: ItemState.CLOSED},
        ItemEvent.REOPEN: {ItemState.CALLED_AGAIN: ItemState.OPEN},
    },
)

TASK = Machine(
    "task",
    {
        TaskEvent.FINISH: {TaskState.OPEN: TaskState.DONE},
        TaskEvent.DROP: {TaskState.OPEN: TaskState.DROPPED},
    },
)
