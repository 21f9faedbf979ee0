"""Which trunk brings in a customer who rings, by the channel he comes on (D4, D9)."""

from datetime import UTC, datetime

import pytest

from asterisk.callers import Callers
from dialer.telephony.events import CustomerCalls

AT = datetime(2026, 11, 30, tzinfo=UTC)
DIALS = {
    "ims": "PJSIP/{number}@ims-north",
    "gateway": "PJSIP/gsm/sip:{number}@10.0.0.8",
    "line": "DAHDI/3/{number}",
    "span": "DAHDI/i1/{number}",
}


@pytest.mark.parametrize(
    ("channel", "trunk"),
    [
        ("PJSIP/ims-north-0000001a", "ims"),
        ("PJSIP/gsm-00000002", "gateway"),
        ("DAHDI/3-1", "line"),
        ("DAHDI/i1/13800000001-1", "span"),
        ("PJSIP/another-00000003", ""),
        ("PJSIP/ims-0000001a", ""),
        ("", ""),
    ],
)
def test_d4_the_trunk_is_named_from_the_channel(channel: str, trunk: str) -> None:
    callers = Callers(DIALS)
    message = {
        "Event": "UserEvent",
        "UserEvent": "HFCustomerCalls",
        "Uniqueid": "1.7",
        "Channel": channel,
        "Number": "13800000001",
    }
    told = callers.take(message, AT)
    row = {"Uniqueid": "1.7", "Channel": channel, "Context": "huifang-inbound", "Exten": "4008"}
    for call in (told, *callers.restore([row], AT)):
        assert isinstance(call, CustomerCalls)
        assert call.trunk == trunk
