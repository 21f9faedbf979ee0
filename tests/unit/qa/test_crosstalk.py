"""One leg leaks into the other: the quieter copy is no second speaker (Q1, Q4)."""

from dialer.telephony.outcomes import Leg
from qa.speech.crosstalk import without_crosstalk
from qa.speech.port import LegTranscript, Segment, Word

STEP = 0.1


def leg(channel: Leg, *utterances: tuple[float, str]) -> LegTranscript:
    """A word a character, four a second."""
    parts = []
    for start, text in utterances:
        words = tuple(Word(c, start + i * 0.25, start + i * 0.25 + 0.25, 0.9) for i, c in enumerate(text))
        parts.append(Segment(channel, start, words[-1].end, text, 0.9, words))
    return LegTranscript(channel, 30.0, -20.0, tuple(parts))


def levels(*loud: tuple[float, float, float]) -> list[float]:
    frames = [-70.0] * 300
    for start, end, level in loud:
        for number in range(round(start / STEP), round(end / STEP)):
            frames[number] = level
    return frames


AGENT = leg(Leg.AGENT, (1.0, "您对维修项目满意吗"), (10.0, "谢谢您"))


def test_q4_the_quieter_copy_is_dropped_though_it_was_heard_badly() -> None:
    customer = leg(Leg.CUSTOMER, (1.2, "您对为修项母满意"), (5.0, "满意"))
    sound = {
        Leg.AGENT: levels((1.0, 3.3, -20), (10, 11, -20)),
        Leg.CUSTOMER: levels((1.2, 3.4, -45), (5.0, 5.5, -22)),
    }
    kept, dropped = without_crosstalk({Leg.AGENT: AGENT, Leg.CUSTOMER: customer}, sound, STEP)
    assert kept[Leg.CUSTOMER].text == "满意"
    assert kept[Leg.AGENT] == AGENT
    assert dropped == 2.0


def test_q4_who_says_the_same_at_the_same_time_as_loudly_is_heard() -> None:
    """Two people who bid each other goodbye at once."""
    agent, customer = leg(Leg.AGENT, (1.0, "好的再见")), leg(Leg.CUSTOMER, (1.1, "好的再见"))
    sound = {Leg.AGENT: levels((1.0, 2.0, -20)), Leg.CUSTOMER: levels((1.1, 2.1, -27))}
    both = {Leg.AGENT: agent, Leg.CUSTOMER: customer}
    assert without_crosstalk(both, sound, STEP) == (both, 0.0)


def test_q4_a_quiet_customer_with_words_of_his_own_is_heard() -> None:
    agent, customer = leg(Leg.AGENT, (1.0, "您对维修项目满意吗")), leg(Leg.CUSTOMER, (1.2, "车还没有修好"))
    sound = {Leg.AGENT: levels((1.0, 3.3, -15)), Leg.CUSTOMER: levels((1.2, 2.7, -40))}
    both = {Leg.AGENT: agent, Leg.CUSTOMER: customer}
    assert without_crosstalk(both, sound, STEP) == (both, 0.0)


def test_q4_the_same_words_at_another_time_are_an_answer() -> None:
    agent, customer = leg(Leg.AGENT, (1.0, "满意吗")), leg(Leg.CUSTOMER, (4.0, "满意"))
    sound = {Leg.AGENT: levels((1.0, 6.0, -15)), Leg.CUSTOMER: levels((4.0, 4.5, -40))}
    both = {Leg.AGENT: agent, Leg.CUSTOMER: customer}
    assert without_crosstalk(both, sound, STEP) == (both, 0.0)


def test_q4_one_leg_alone_stays() -> None:
    only = {Leg.AGENT: AGENT}
    assert without_crosstalk(only, {Leg.AGENT: levels()}, STEP) == (only, 0.0)
