"""O5: what Asterisk answered, spoiled in one way each, is found, with what to do."""

import re
from pathlib import Path

import pytest

import asterisk
from asterisk.ami import faults
from asterisk.asking import ACTIONS, TrialCall
from asterisk.conf import DIALPLAN_VERSION as V
from asterisk.settings import AsteriskSettings
from dialer.app.doctor import dialplan, link, phones
from tests.unit.doctor.answers import HEARD, PHONE, healthy, row, trial
from web.finding import Finding, Level, worst
from web.i18n import LANGUAGES, translator

NEAR, FAR = AsteriskSettings(), AsteriskSettings(host="10.1.2.3")
BOTH = ("8001", "8002")


def spoken(finding: Finding) -> str:
    """The finding in English; in Chinese it has as much to say."""
    told = {}
    for language in LANGUAGES:
        text = translator(language)
        told[language] = finding.seen.in_words(text)
        if finding.advice is not None:
            told[language] += " " + finding.advice.in_words(text)
        assert "{" not in told[language]
        assert text(finding.title)
    assert re.search("[\u3002\u4e00-\u9fff]", told["zh"]), told["zh"]
    return told["en"]


def test_a_healthy_asterisk_has_no_finding_but_good_ones() -> None:
    answers = healthy(V)
    found = [
        link.check_link(NEAR),
        link.check_tls(NEAR),
        link.check_version(answers),
        link.check_rights(answers),
        link.check_events(answers),
        link.check_clock(answers),
        dialplan.check_dialplan(answers),
        dialplan.check_gate(answers, 4),
        dialplan.check_modules(answers),
        phones.check_phones(answers, BOTH),
        phones.check_codecs(answers, BOTH, ("trunk",)),
        phones.check_trunk(answers, "trunk"),
    ]
    assert worst(one for one in found if one is not None) is Level.OK
    assert all(spoken(one) for one in found if one is not None)


def test_no_link_says_why_and_leaves_the_rest_open() -> None:
    found = list(link.no_link(faults.login_refused("huifang", "Authentication failed")))
    assert [one.level for one in found] == [Level.FAIL, *[Level.UNKNOWN] * 4]
    assert "refused the login" in spoken(found[0])
    assert "manager.conf" in spoken(found[0])


def test_a_link_in_clear_over_a_network_is_warned_of() -> None:
    assert link.check_tls(FAR).level is Level.WARN
    assert "10.1.2.3" in spoken(link.check_tls(FAR))
    assert link.check_tls(AsteriskSettings(host="10.1.2.3", tls=True)).level is Level.OK


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("22.10.1+dfsg", Level.OK),
        ("18.10.0", Level.OK),
        ("certified/18.9-cert4", Level.OK),
        ("16.28.0~dfsg", Level.WARN),
        ("13.38.3", Level.FAIL),
        ("", Level.UNKNOWN),
    ],
)
def test_asterisk_18_is_wanted_and_16_is_worked_with(version: str, level: Level) -> None:
    assert link.check_version(healthy(V, core={"AsteriskVersion": version})).level is level


def test_a_missing_right_is_named() -> None:
    found = link.check_rights(healthy(V, actions=frozenset(ACTIONS) - {"Redirect"}))
    assert found.level is Level.FAIL
    assert "Redirect" in spoken(found)
    assert "write = call,originate,reporting" in spoken(found)


def test_more_rights_than_needed_are_named() -> None:
    found = link.check_rights(healthy(V, actions=frozenset({*ACTIONS, "Command"})))
    assert (found.level, "Command" in spoken(found)) == (Level.WARN, True)
    assert link.check_rights(healthy(V, actions=frozenset())).level is Level.UNKNOWN


def test_every_action_that_is_sent_is_among_those_asked_for() -> None:
    """A new action that the rights do not cover would first be seen by a customer."""
    sent = set()
    for path in Path(asterisk.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        sent |= set(re.findall(r"\"Action\":\s*\"(\w+)\"", text)) | set(re.findall(r"Action=\"(\w+)\"", text))
    assert sent - set(ACTIONS) - {"Login", "Logoff", "ListCommands"} == set()
    assert "Originate" in sent


@pytest.mark.parametrize("gone", ["Newchannel", "UserEvent", "OriginateResponse", "Hangup", "DialBegin"])
def test_an_event_that_is_filtered_away_is_named(gone: str) -> None:
    heard = tuple(one for one in HEARD if one != gone)
    found = link.check_events(healthy(V, trial=trial(V, heard=heard)))
    assert (found.level, gone in spoken(found)) == (Level.FAIL, True)


def test_a_stream_without_a_filter_is_warned_of() -> None:
    found = link.check_events(healthy(V, trial=trial(V, heard=(*HEARD, "LocalBridge", "NewExten"))))
    assert found.level is Level.WARN
    assert "LocalBridge, NewExten" in spoken(found)


def test_a_refused_call_is_told_with_its_reason() -> None:
    refused = TrialCall("x", refused="Asterisk does not allow Originate (Permission denied)")
    found = link.check_events(healthy(V, trial=refused))
    assert (found.level, "Permission denied" in spoken(found)) == (Level.FAIL, True)


def test_without_our_dialplan_the_events_are_not_blamed() -> None:
    heard = ("Newchannel", "Newchannel", "Hangup", "Hangup", "OriginateResponse")
    answers = healthy(V, trial=trial(V, heard=heard, answer=None), dialplan=())
    assert link.check_events(answers).level is Level.OK
    assert dialplan.check_dialplan(answers).level is Level.FAIL


@pytest.mark.parametrize(
    ("ahead", "level"),
    [(0.5, Level.OK), (-5.0, Level.WARN), (600.0, Level.FAIL), (None, Level.UNKNOWN)],
)
def test_clocks_apart(ahead: float | None, level: Level) -> None:
    found = link.check_clock(healthy(V, clock_ahead=ahead))
    assert found.level is level
    assert spoken(found)


@pytest.mark.parametrize(("there", "says"), [(V - 1, "dialer asterisk config"), (V + 1, "Upgrade this")])
def test_another_version_of_the_dialplan(there: int, says: str) -> None:
    found = dialplan.check_dialplan(healthy(there))
    assert (found.level, says in spoken(found)) == (Level.FAIL, True)


def test_the_version_is_read_from_the_listing_where_the_call_was_not_made() -> None:
    answers = healthy(V, trial=TrialCall("x", refused="no"))
    assert dialplan.version_of(answers) == V
    assert dialplan.check_dialplan(answers).level is Level.WARN


def test_two_times_at_the_gate_differ() -> None:
    assert dialplan.check_gate(healthy(V, dialplan=(row("other", "s", "Wait", "9"),)), 4) is None
    found = dialplan.check_gate(healthy(V), 6)
    assert found is not None
    assert (found.level, "waits 4 s" in spoken(found)) == (Level.WARN, True)


def test_a_module_that_is_not_loaded_is_named() -> None:
    found = dialplan.check_modules(healthy(V, modules={"app_mixmonitor.so": False, "app_dial.so": True}))
    assert (found.level, "app_mixmonitor.so" in spoken(found)) == (Level.FAIL, True)
    assert dialplan.check_modules(healthy(V, modules={"app_dial.so": None})).level is Level.UNKNOWN


@pytest.mark.parametrize(
    ("options", "level", "says"),
    [
        ({}, Level.FAIL, "no endpoint for 8002"),
        ({**PHONE, "allow_transfer": "true"}, Level.FAIL, "allow_transfer=no"),
        ({**PHONE, "direct_media": "true"}, Level.WARN, "direct_media=no"),
        (PHONE, Level.OK, "1 of 2 phones"),
    ],
)
def test_phones(options: dict[str, str], level: Level, says: str) -> None:
    found = phones.check_phones(healthy(V, endpoints={"8001": PHONE, "8002": options}), BOTH)
    assert (found.level, says in spoken(found)) == (level, True)


def test_phones_that_cannot_be_seen() -> None:
    assert phones.check_phones(healthy(V, endpoints=None), BOTH).level is Level.UNKNOWN
    assert phones.check_phones(healthy(V), ()).level is Level.WARN
    assert phones.check_phones(healthy(V, devices={}), BOTH).level is Level.WARN


def test_codecs_that_differ_are_told_with_who_has_them() -> None:
    endpoints = {"8001": PHONE, "8002": {**PHONE, "allow": "(g722|alaw)"}, "trunk": PHONE}
    found = phones.check_codecs(healthy(V, endpoints=endpoints), BOTH, ("trunk",))
    assert (found.level, "g722: 8002" in spoken(found)) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("spoiled", "level"),
    [
        ({"endpoints": {"trunk": {}}}, Level.FAIL),
        ({"devices": {"PJSIP/trunk": "UNAVAILABLE"}}, Level.FAIL),
        ({"contacts": {"trunk": "Unreachable"}}, Level.FAIL),
        ({"contacts": {"trunk": "NonQualified"}}, Level.OK),
        ({"contacts": {}}, Level.UNKNOWN),
    ],
)
def test_trunk(spoiled: dict[str, object], level: Level) -> None:
    found = phones.check_trunk(healthy(V, **spoiled), "trunk")
    assert found.level is level
    assert spoken(found)


@pytest.mark.parametrize(
    ("dial", "trunk"),
    [
        ("PJSIP/{number}@trunk", "trunk"),
        ("PJSIP/0{number}@carrier-1", "carrier-1"),
        ("Local/{number}@from-internal", None),
        ("SIP/{number}", None),
    ],
)
def test_the_trunk_of_a_dial_string(dial: str, trunk: str | None) -> None:
    assert phones.trunk_of(dial) == trunk


def test_the_phone_of_an_extension() -> None:
    assert phones.phone_of("PJSIP/{extension}", "8001") == "8001"
    assert phones.phone_of("Local/{extension}@phones", "8001") is None
