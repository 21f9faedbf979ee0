"""What can be wrong in a playbook, said with its line and with what to do (T2, T7, L5, P)."""

import pytest

from dialer.importing.columns.fields import FIELDS, Form, Goes
from dialer.playbooks.checking import problems
from dialer.playbooks.expressions.conditions import Kind
from dialer.playbooks.facts import FACTS
from dialer.playbooks.library import Library, shipped_library
from dialer.playbooks.reading import BadPlaybook, Problem, read_text
from qa.checks.library import shipped_rules

HEAD = """\
id: {id}
version: 1
name: {{zh: 回访, en: Call}}
reason: {{zh: 了解, en: To learn}}
occasions: {{kinds: [settlement-order]}}
steps: [{{earliest: 1d, target: 1d, limit: 3d}}]
windows: [{{start: 09:00, end: 12:00}}]
rules: mine
questionnaire:
  - {{id: q1, type: yes_no, ask: {{zh: 好吗, en: Good?}}, choices: [
      {{key: 1, value: yes, label: {{zh: 好, en: Yes}}}},
      {{key: 2, value: no, label: {{zh: 不好, en: No}}, bad: true}}]}}
  - {{id: q2, type: number, ask: {{zh: 几次, en: How often?}}}}
"""
LAST_LINE = HEAD.count("\n")


def written(more: str = "", playbook_id: str = "mine") -> str:
    return HEAD.format(id=playbook_id) + more


def found(more: str, *others: str) -> list[Problem]:
    library = Library([read_text(other, "other.yaml") for other in others])
    return list(problems(read_text(written(more), "mine.yaml"), library, {"mine"}))


def test_p_a_right_playbook_has_no_problem() -> None:
    assert found("") == []


def test_p_every_shipped_playbook_is_right() -> None:
    library = shipped_library()
    wrong = {
        playbook.id: [f"{one} {one.advice}" for one in problems(playbook, library, shipped_rules().ids())]
        for playbook in library
    }
    assert {name: said for name, said in wrong.items() if said} == {}


@pytest.mark.parametrize(
    ("more", "where", "says", "advises"),
    [
        pytest.param(
            "to_head: gradee == 'A'",
            "to_head",
            "column 1: gradee is not a fact that is known here",
            "Is it grade?",
            id="fact",
        ),
        pytest.param(
            "to_head: q1 == 'no'", "to_head", "column 1: q1 is not a fact", "", id="answers-before-the-call"
        ),
        pytest.param(
            "coverage: {when_all: amount == 'x'}",
            "coverage.when_all",
            "amount is a number, here a text is expected",
            "",
            id="kind",
        ),
        pytest.param(
            "coverage: {strata: [unitt]}",
            "coverage.strata.0",
            "unitt is not a fact that is known",
            "Is it unit?",
            id="stratum",
        ),
        pytest.param(
            "identity: id_number", "identity", "id_number is not a fact", "declared in `uses`", id="identity"
        ),
        pytest.param(
            "report: {form: x, columns: [plate, q1, q9]}",
            "report.columns.2",
            "q9 is not a column that is known",
            "Name a question",
            id="column",
        ),
        pytest.param(
            "script: [{id: a, say: {zh: '{plat}', en: '{plate}'}}]",
            "script.0.say.zh",
            "{plat} cannot be filled in",
            "Is it plate?",
            id="blank",
        ),
        pytest.param(
            "trigger: {kind: calendar, on: ['lunar:13-01']}",
            "trigger.on.0",
            "'lunar:13-01' is not a day of the year",
            "solar:10-01",
            id="festival",
        ),
        pytest.param(
            "retry: {buzy: {tries: 1}}", "retry.buzy", "buzy is not a cause", "Is it busy?", id="cause"
        ),
        pytest.param(
            "other_means: {means: [lettr]}",
            "other_means.means.0",
            "lettr is not a means",
            "Is it letter?",
            id="means",
        ),
        pytest.param("channels: [fax]", "channels.0", "fax is not a channel", "Known are:", id="channel"),
        pytest.param(
            "effects: [{do: case, when: bad(q7), title: {zh: 一, en: a}}]",
            "effects.0.when",
            "q7.bad is not a fact",
            "Is it q",
            id="effect",
        ),
        pytest.param(
            "merge: {accept: [nobody]}", "merge.accept.0", "there is no playbook 'nobody'", "", id="merge"
        ),
        pytest.param(
            "segments: [{id: a, when: member, name: {zh: 一, en: a}, windows: [{start: 10:00, end: 12:00}, "
            "{start: 11:00, end: 13:00}]}]",
            "segments.0.windows.1",
            "begins at 11:00, before the one above ends (12:00)",
            "Put them in order",
            id="windows",
        ),
    ],
)
def test_p_a_name_that_nobody_knows_is_found(more: str, where: str, says: str, advises: str) -> None:
    (problem,) = found(more)
    assert problem.where == where
    assert says in problem.message
    assert advises in problem.advice
    assert problem.line == LAST_LINE + 1


def test_p_a_question_may_ask_for_earlier_answers_only() -> None:
    """Issue: every name used in a question's condition is an earlier question or a known fact."""
    questions = (
        "  - {id: q3, type: text, ask: {zh: 为何, en: Why?}, when: bad(q1) and q2 > 3 and grade == 'A'}\n"
        "  - {id: q4, type: text, ask: {zh: 为何, en: Why?}, when: q5 == 'x'}\n"
        "  - {id: q5, type: text, ask: {zh: 为何, en: Why?}, when: q2 == 'often'}\n"
    )
    assert [(one.where, one.message, one.line) for one in found(questions)] == [
        ("questionnaire.3.when", "column 1: q5 is not a fact that is known here", LAST_LINE + 2),
        ("questionnaire.4.when", "column 1: q2 is a number, here a text is expected", LAST_LINE + 3),
    ]


def test_p_an_effect_that_can_never_happen_is_found() -> None:
    (problem,) = found(
        "  - {id: q3, type: text, ask: {zh: 为何, en: Why?}, effects: [{do: case, title: {zh: 一, en: a}}]}"
    )
    assert (problem.where, problem.message) == (
        "questionnaire.2.effects.0",
        "q3 has no bad choice, so this never happens",
    )


def test_p_a_fact_of_its_own_is_declared() -> None:
    assert found("to_head: level == 'major'\nuses: {level: text}") == []
    assert [one.message for one in found("to_head: level > 3\nuses: {level: text}")] == [
        "column 1: level is a text, here a number is expected"
    ]


def test_p16_is_never_merged_with_a_playbook_that_sells() -> None:
    """P16, L5: in neither direction, whoever names the other."""
    sells = written("selling: true", "sells")
    accepts = written("selling: true\nmerge: {accept: [mine]}", "sells")
    assert [one.message for one in found("no_selling: true\nmerge: {accept: [sells]}", sells)] == [
        "sells sells, and nothing may be sold in this call"
    ]
    assert [one.where for one in found("no_selling: true", accepts)] == ["no_selling"]
    silent = written("no_selling: true", "silent")
    assert [one.message for one in found("selling: true\nmerge: {accept: [silent]}", silent)] == [
        "this call sells, and silent must not"
    ]
    one, other = (read_text(text, "x") for text in (accepts, written("no_selling: true")))
    assert not one.may_share_a_call_with(other)
    assert not other.may_share_a_call_with(one)
    assert one.may_share_a_call_with(read_text(written(), "x"))


def test_p_the_rule_set_must_be_there() -> None:
    playbook = read_text(written(), "mine.yaml")
    (problem,) = problems(playbook, Library(()), {"mime"})
    assert (problem.where, problem.message, problem.advice, problem.line) == (
        "rules",
        "there is no rule set 'mine'",
        "Is it mime?",
        8,
    )


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        pytest.param(
            written("colour: red\n"), "colour: Extra inputs are not permitted", LAST_LINE + 1, id="key"
        ),
        pytest.param(written("version: 2\n"), "the key 'version' stands twice", LAST_LINE + 1, id="twice"),
        pytest.param(written().replace("limit: 3d", "limit: 3 days"), "'3 days' is not a span", 6, id="span"),
        pytest.param(written("to_head: a ==\n"), "column 5: expected a value", LAST_LINE + 1, id="condition"),
        pytest.param(written("- x\n"), "cannot be read: ", LAST_LINE + 1, id="yaml"),
        pytest.param(
            written().replace("steps: [{", "steps: [{start: previous_done, "),
            "step call starts from the previous one: it cannot be the first",
            1,
            id="first-step",
        ),
        pytest.param(
            written().replace("steps: [{", "steps: [{start: signal, "),
            "step call starts with a signal: name it",
            6,
            id="signal",
        ),
        pytest.param(
            written("effects: [{do: case, title: {zh: 一, en: a}}]"),
            "needs `when`",
            1,
            id="effect-without-when",
        ),
        pytest.param(
            written("retention: {keep: 0d}"), "keep: a time after the call", LAST_LINE + 1, id="keep"
        ),
        pytest.param(
            written("retention: {anchor: birth}"), "retention.anchor: Input", LAST_LINE + 1, id="anchor"
        ),
    ],
)
def test_p_what_cannot_be_read_has_its_line(text: str, says: str, line: int) -> None:
    with pytest.raises(BadPlaybook) as caught:
        read_text(text, "mine.yaml")
    assert says in str(caught.value)
    assert [problem.line for problem in caught.value.problems] == [line]


def test_hours_and_yes_are_what_they_look_like() -> None:
    """YAML 1.1 reads 14:00 as 840 and yes as true."""
    playbook = read_text(written().replace("{start: 09:00, end: 12:00}", "{start: 14:00, end: 20:00}"), "x")
    assert f"{playbook.windows[0].start:%H:%M}" == "14:00"
    assert [choice.value for choice in playbook.questionnaire[0].choices] == ["yes", "no"]


# Nine lists, each of nine times the one before: four hundred million items.
BOMB = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "bomb",
    [
        BOMB,
        "a: &a [*a]\n",
        "[" * 100 + "]" * 100,
        "x" * 300_000,
        "? [a, b]\n: c\n",
        "a: \x00",
    ],
)
def test_a_text_made_to_do_harm_is_refused(bomb: str) -> None:
    with pytest.raises(BadPlaybook, match=r"^x\.yaml: "):
        read_text(bomb, "x.yaml")


def test_c_every_fact_that_a_file_may_tell_can_be_named() -> None:
    """C2, C3: what the importer takes in, conditions know by the same name and kind."""
    kinds = {Form.DAY: Kind.DATE, Form.WHOLE: Kind.NUMBER, Form.TEXT: Kind.TEXT}
    told = {field.name: kinds[field.form] for field in FIELDS if field.goes is Goes.FACT}
    assert {name: FACTS.get(name) for name in told} == told
    staff = {field.name for field in FIELDS if field.goes is Goes.STAFF}
    assert staff <= FACTS.keys()
