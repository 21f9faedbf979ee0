"""The rights whose use is looked through, by the kind of event row that tells of it."""

from collections.abc import Mapping

from dialer.calling.by_hand import SETTLED_BY_HAND
from dialer.halts.service import BEGUN, LIFTED
from dialer.importing.outgoing.export import EXPORTED
from dialer.playbooks.service import PUBLISHED
from web.i18n import N_

SEGMENT_READ = "segment.looked_at"

RIGHTS: Mapping[str, str] = {
    "customer.looked_at": N_("Customer pages opened"),
    SEGMENT_READ: N_("Lists of segments read"),
    "call.viewed": N_("Calls and transcripts opened"),
    "recording.played": N_("Recordings played"),
    "call.listen": N_("Calls listened to"),
    "call.whisper": N_("Whispers in calls"),
    "call.join": N_("Calls joined"),
    "call.take_over": N_("Calls taken over"),
    "recording.fetched": N_("Recordings loaded"),
    EXPORTED: N_("Results exported"),
    "words.searched": N_("Words searched for"),
    "package.made": N_("Examiner's packages made"),
    "import.errors_fetched": N_("Files of rejected rows fetched"),
    "customer.blocked": N_("Customers set to do not call"),
    "customer.unblocked": N_("Customers allowed calls again"),
    "number.unblocked": N_("Numbers allowed calls again"),
    "customer.released": N_("Pauses of customers lifted"),
    "customer.forgotten": N_("Customers forgotten"),
    "customer.parted": N_("Merged customers parted"),
    PUBLISHED: N_("Playbooks published"),
    "plan.released": N_("Plans released"),
    "segment.keeper_set": N_("Keepers named"),
    BEGUN: N_("Calling stopped"),
    LIFTED: N_("Calling let go on"),
    SETTLED_BY_HAND: N_("Calls in doubt settled"),
    "agent.paused": N_("Agents paused"),
    "agent.signed_out": N_("Agents signed out"),
    "attendance.exported": N_("Attendance fetched"),
    "scores.exported": N_("Sheets of scores fetched"),
    "user.added": N_("Users added"),
    "user.activated": N_("Users let in again"),
    "user.deactivated": N_("Users shut out"),
    "user.password_changed": N_("Passwords set"),
}

NOT_OVER = N_("the month is not over yet: sign it when it is")
SIGNED_ALREADY = N_("the month is signed already: load the page again")
