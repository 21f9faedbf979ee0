"""Every table of the core, so that the metadata is whole wherever this is imported."""

import dialer.agents.tables
import dialer.alarms.tables
import dialer.assigning.tables
import dialer.calling.inbound.tables
import dialer.calling.incall.tables
import dialer.calling.modes.tables
import dialer.calling.tables
import dialer.cases.tables
import dialer.customers.tables
import dialer.followups.tables
import dialer.forms.tables
import dialer.halts.tables
import dialer.importing.tables
import dialer.nodes.tables
import dialer.phonetests.tables
import dialer.planning.tables
import dialer.playbooks.tables
import dialer.trunks.tables  # noqa: F401
