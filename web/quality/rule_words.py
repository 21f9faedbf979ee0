"""The words of the pages of rules."""

from collections.abc import Mapping

from dialer.playbooks.reading import Problem
from qa.changing.rules import Refusal, Unproven
from qa.changing.states import DraftState, ReplayState
from qa.rules.findings import Verdict
from web.i18n import N_, Translator
from web.playbooks import words as playbooks

VERDICT: Mapping[str, str] = {
    Verdict.PASS: N_("Passed"),
    Verdict.FAIL: N_("Failed the rule"),
    Verdict.UNCLEAR: N_("Unclear"),
    Verdict.NA: N_("Does not apply"),
    "": N_("no such rule"),
}

DRAFT: Mapping[str, str] = {
    DraftState.OPEN: N_("Being written"),
    DraftState.OFFERED: N_("Offered by the product"),
    DraftState.PUBLISHED: N_("Published"),
    DraftState.DISCARDED: N_("Discarded"),
}

REPLAY: Mapping[str, str] = {
    ReplayState.RUNNING: N_("Being judged"),
    ReplayState.STOPPED: N_("Stopped"),
    ReplayState.FAILED: N_("Failed"),
    ReplayState.DONE: N_("Judged to the end"),
}

REFUSED: Mapping[str, str] = {
    Refusal.NO_RIGHT: N_("Only a QA lead publishes rules."),
    Refusal.OWN_DRAFT: N_("You wrote in this draft: another QA lead publishes it."),
    Refusal.NOT_REPLAYED: N_("This text was not tried on past calls: try it, or say why it goes without."),
}

# Why a replay that came to its end is not enough to publish by it.
UNPROVEN: Mapping[str, str] = {
    Unproven.OTHER_TEXT: N_("The text was changed since: try it again before publishing."),
    Unproven.OTHER_VERSION: N_(
        "Another version came into force since: try this text beside that one before publishing."
    ),
    Unproven.UNJUDGED: N_("This text cannot judge every call: mend it, and try it again before publishing."),
    Unproven.FEW_CALLS: N_(
        "It was tried on too few calls: try it on {n} before publishing, or on all there are."
    ),
}

# What `Problem`s advise.
ADVICE = (
    N_("Write it; it is needed."),
    N_("Remove it, or check its spelling."),
    N_("Put it in quotation marks."),
)

# What `Problem`s of rules say besides what those of playbooks do (qa/rules/schema.py).
PROBLEMS = (
    N_("give either `say` (a list of wordings), `all` or `ways` (groups of words), or `slots`"),
    N_("a rule of kind {kind} has no wordings"),
    N_("a {kind} rule lists its words under `say` or `all`, it has no slots"),
    N_("`except` belongs to must_not_say; a must_say slot has `opposites`"),
    N_("`title` needs an entry for zh"),
    N_("a process rule needs `fact`: the name of the fact that decides"),
    N_("an order rule needs `before`: two or more ids of rules"),
    N_("a measure rule needs `measure`, and `at_most` or `at_least`"),
    N_("`if_said` belongs to must_say with a `value`"),
    N_("`question_item` belongs to must_ask"),
    N_("give `say` (wordings), `all` or `ways` (groups of words)"),
    N_("`ways` hold no facts in braces: put such words into `all` or `say`"),
    N_("rule id used twice: {names}"),
    N_("rule {rule} names rules that are not there: {names}"),
)
# Why a step came too late (qa/changing/service.py: DraftConflict).
CONFLICTS = (
    N_("the draft of {rule_set} was published or discarded meanwhile: open it anew"),
    N_("{who} saved this draft meanwhile: open it anew, and make your changes again"),
    N_("{who} saved this draft at the same moment: open it anew"),
    N_("somebody else saved this draft meanwhile: open it anew"),
    N_("{rule_set} has an open draft: publish or discard that first"),
    N_("somebody else began a draft of {rule_set} at the same moment"),
    N_("draft {number} is {state} already"),
    N_(
        "version {newest} of {rule_set} was published since this draft was begun on {base}: "
        "look at what changed, take it over, and go on from there"
    ),
)
_ID_STAYS = "the id must stay "


def said(problem: Problem, text: Translator) -> str:
    """What is wrong, in the user's language where it is a sentence that is known."""
    if problem.message.startswith(_ID_STAYS):
        name = problem.message.removeprefix(_ID_STAYS).split(":")[0]
        return text(N_("The id must stay {name}: another id is another rule set."), name=name)
    told = text.told(problem.message, PROBLEMS)
    return playbooks.said(problem, text) if told == problem.message else told
