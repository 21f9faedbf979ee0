"""The words and sentences of the review pages."""

from collections.abc import Mapping

from qa.reviews.rules import OverrideReason, Unfit
from qa.reviews.states import ReviewState
from qa.rules.findings import Verdict
from qa.sampling.proof import Proof
from qa.sampling.rules import Pool, Risk, Tier
from web.i18n import N_
from web.quality.words import CHANNEL, REASON, VERDICT, VERDICT_LOOK

__all__ = [
    "CHANNEL",
    "KEYS",
    "OWN_REASON",
    "POOL",
    "POOL_MEANING",
    "PROOF",
    "PROOF_LOOK",
    "REASON",
    "RISK",
    "STATE",
    "TIER",
    "UNFIT",
    "VERDICT",
    "VERDICT_KEYS",
    "VERDICT_LOOK",
]

# The key of each verdict, in the order of the buttons.
VERDICT_KEYS: tuple[tuple[str, str], ...] = (
    (Verdict.PASS, "p"),
    (Verdict.FAIL, "f"),
    (Verdict.UNCLEAR, "u"),
    (Verdict.NA, "n"),
)

# The help of the review screen: caps and what they do, by what they are for.
KEYS: tuple[tuple[str, tuple[tuple[tuple[str, ...], str], ...]], ...] = (
    (
        N_("Sound"),
        (
            ((N_("Space"),), N_("play, pause")),
            (("←", "→"), N_("3 seconds back, forth")),
            (("[", "]"), N_("slower, faster (to 2×, same pitch)")),
            (("S",), N_("skip silence")),
            (("↵",), N_("play the evidence of this rule")),
        ),
    ),
    (
        N_("Rules and scorecard"),
        (
            (("↑", "↓"), N_("line up, down; its evidence waits in the sound")),
            (("X",), N_("next that waits for you")),
            (("P", "F", "U", "N"), N_("passed, failed, unclear, does not apply")),
            (("Shift", "P"), N_("the verdict, and on to the next that waits")),
            (("1", "…", "9"), N_("why; on the scorecard: the points")),
            (("M",), N_("write a note")),
        ),
    ),
    (
        N_("Words"),
        (
            ((",", "."), N_("word back, forth")),
            (("E",), N_("correct the word")),
        ),
    ),
    (
        N_("The call"),
        (
            (("C",), N_("send the clip to the agent")),
            (("T",), N_("keep the clip as a training case")),
            (("Ctrl", "↵"), N_("submit, on to the next call")),
            (("?",), N_("this help")),
            (("Esc",), N_("close, leave a field")),
        ),
    ),
)

POOL: Mapping[str, str] = {
    Pool.RANDOM: N_("Random pool"),
    Pool.SHARE: N_("Share of the day"),
    Pool.RISK: N_("Risk pool"),
    Pool.QUOTA: N_("Quota per agent"),
    Pool.SPOT: N_("Spot-check"),
}

POOL_MEANING: Mapping[str, str] = {
    Pool.RANDOM: N_("Drawn from all calls; only this pool feeds the estimates."),
    Pool.SHARE: N_("A share of each agent's calls of the day."),
    Pool.RISK: N_("Calls in which something may be wrong."),
    Pool.QUOTA: N_("So many calls of each agent in a month."),
    Pool.SPOT: N_("Picked by a manager."),
}

TIER: Mapping[str, str] = {Tier.SITE: N_("The site's own"), Tier.HEAD_OFFICE: N_("Second look")}

PROOF: Mapping[str, str] = {
    Proof.SAME: N_("drawn again: the same"),
    Proof.CHANGED: N_("was changed"),
    Proof.PICKED: N_("picked by hand"),
}
PROOF_LOOK: Mapping[str, str] = {Proof.SAME: "good", Proof.CHANGED: "bad", Proof.PICKED: ""}

UNFIT: Mapping[str, str] = {
    Unfit.BAD_SOUND: N_("the sound is too bad"),
    Unfit.NO_SOUND: N_("there is no recording"),
    Unfit.WRONG_CALL: N_("it is no call of this kind"),
    Unfit.OWN_CALL: N_("it is the reviewer's own call"),
    Unfit.OTHER: N_("another reason"),
}

RISK: Mapping[str, str] = {
    Risk.ALARM: N_("alarm"),
    Risk.FAIL: N_("failed rules"),
    Risk.DISSATISFIED: N_("dissatisfied customer"),
    Risk.DOUBTFUL: N_("doubtful follow-up"),
    Risk.UNCLEAR: N_("unclear rules"),
    Risk.SHORT: N_("short talk"),
}

OWN_REASON: Mapping[str, str] = {
    OverrideReason.MISHEARD: N_("words misheard"),
    OverrideReason.OTHER_WORDS: N_("said in other words"),
    OverrideReason.WRONG_SPEAKER: N_("the other party said it"),
    OverrideReason.CONTEXT: N_("the context says otherwise"),
    OverrideReason.WRONG_FACT: N_("the record is wrong"),
    OverrideReason.RULE_UNFIT: N_("the rule does not fit"),
    OverrideReason.OTHER: N_("another reason"),
}

STATE: Mapping[str, str] = {
    ReviewState.WAITING: N_("To be reviewed"),
    ReviewState.CLAIMED: N_("Being reviewed"),
    ReviewState.SUBMITTED: N_("Reviewed"),
    ReviewState.SET_ASIDE: N_("Set aside"),
    ReviewState.APPEALED: N_("Appealed against"),
    ReviewState.DECIDED: N_("Appeal decided"),
}
