"""A questionnaire with every type of answer, branches and effects, for tests."""

import yaml

from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library
from tests.support.core import PLAYBOOK

_QUESTIONS = """
questionnaire:
  - id: care
    type: grade
    ask: {zh: 您对接待评价如何？, en: "How was the reception?"}
    choices: &grades
      - {key: "1", value: very_satisfied, label: {zh: 非常满意, en: Very satisfied}}
      - {key: "2", value: satisfied, label: {zh: 满意, en: Satisfied}}
      - {key: "3", value: so_so, label: {zh: 一般, en: So-so}, bad: true}
      - {key: "4", value: dissatisfied, label: {zh: 不满意, en: Dissatisfied}, bad: true}
      - {key: "5", value: very_dissatisfied, label: {zh: 非常不满意, en: Very dissatisfied}, bad: true}
    effects:
      - do: case
        title: {zh: 接待不满意, en: Dissatisfied with the reception}
        level: major
        department: 服务部
        within: 1wd
  - id: why
    type: text
    when: bad(care)
    ask: {zh: 请问哪里没做好？, en: "What was not good?"}
  - id: which
    type: multiple
    when: bad(care)
    ask: {zh: 涉及哪些方面？, en: "Which of these?"}
    choices:
      - {key: "1", value: manner, label: {zh: 态度, en: Manner}, bad: true}
      - {key: "2", value: wait, label: {zh: 等候, en: Waiting}}
      - {key: "3", value: price, label: {zh: 价格, en: Price}}
  - id: score
    type: score
    ask: {zh: 请打分, en: Please score}
    choices:
      - {key: "1", value: "1", label: {zh: 1分, en: "1"}, bad: true}
      - {key: "8", value: "8", label: {zh: 8分, en: "8"}}
      - {key: "0", value: "10", label: {zh: 10分, en: "10"}}
    effects:
      - do: alarm
        when: score <= 6
        title: {zh: 评分过低, en: A very low score}
  - id: order
    type: ranking
    ask: {zh: 您最看重什么？, en: "What matters most?"}
    choices:
      - {key: "1", value: price, label: {zh: 价格, en: Price}}
      - {key: "2", value: speed, label: {zh: 速度, en: Speed}}
      - {key: "3", value: care, label: {zh: 态度, en: Care}}
  - id: knows
    type: yes_no
    ask: {zh: 清楚保养周期吗？, en: "Do you know when the next service is?"}
    choices:
      - {key: "1", value: "yes", label: {zh: 清楚, en: "Yes"}}
      - {key: "2", value: "no", label: {zh: 不清楚, en: "No"}, bad: true}
    effects:
      - do: question_item
        title: {zh: 保养周期待说明, en: The service interval is to be explained}
        department: 技术部
        within: 2d
  - id: born
    type: date
    ask: {zh: 您的生日？, en: "Your birthday?"}
    fills: birthday
  - id: paid
    type: amount
    ask: {zh: 实际付了多少？, en: "How much did you pay?"}
  - id: mileage
    type: number
    ask: {zh: 现在多少公里？, en: "The mileage now?"}
  - id: source
    type: choice
    required: false
    ask: {zh: 怎么知道我们的？, en: "How did you hear of us?"}
    choices:
      - {key: "1", value: friend, label: {zh: 朋友, en: A friend}}
      - {key: "2", value: web, label: {zh: 网络, en: The web}}
effects:
  - do: task
    when: paid > 1000 and bad(care)
    title: {zh: 店长致电道歉, en: The manager rings to apologise}
    within: 4h
"""
_PARTS = yaml.safe_load(_QUESTIONS)


def with_every_type(**more: object) -> Playbook:
    """The after-sales playbook with a questionnaire of every type; `more` are other parts of its file."""
    data = PLAYBOOK.model_dump(mode="json", exclude_unset=True)
    return Playbook.model_validate({**data, **_PARTS, **more})


EVERY_TYPE = with_every_type()
LIBRARY_OF_IT = Library([EVERY_TYPE])

# One good answer to each question, and how it is kept.
GOOD = {
    "care": ("satisfied", "satisfied"),
    "score": ("8", "8"),
    "order": ("speed,care,price", "speed,care,price"),
    "knows": ("yes", "yes"),
    "born": ("1988年3月5日", "1988-03-05"),
    "paid": ("¥1,286", "1286.00"),
    "mileage": ("３2,000", "32000"),
}
