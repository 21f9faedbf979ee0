"""`/agent/tasks`: what the agent has to do for customers besides calls, done with its proof (T3, L8)."""

from collections.abc import Mapping

from aiohttp import web
from sqlalchemy import Connection

from dialer.cases.queries import Task, list_tasks, task_of
from dialer.cases.service import finish_task
from dialer.cases.states import TaskKind, TaskState
from dialer.followups.queries import follow_up
from dialer.forms.other_means import finish_by_other_means
from dialer.forms.rules import BadAnswer
from dialer.forms.topics import Topic, topic_of
from dialer.playbooks.form.questions import AnswerType
from web.agent.calls import agent_id_of
from web.agent.words import MEANS
from web.auth.guard import requires
from web.labels import TASK_KIND
from web.panel import PANEL, Panel
from web.render import render, translator_of

_MOST = 200


def routes() -> list[web.RouteDef]:
    """The routes of tasks."""
    return [
        web.get("/agent/tasks", page),
        web.get("/agent/tasks/{task}", form_page),
        web.post("/agent/tasks/{task}", finish),
    ]


@requires("agent")
async def page(request: web.Request) -> web.StreamResponse:
    """The agent's open tasks, what is due first."""
    panel, agent_id = request.app[PANEL], agent_id_of(request)
    rows = await panel.database.read(lambda conn: list_tasks(conn, [TaskState.OPEN], _MOST, agent_id))
    return render(
        request,
        "agent/tasks.html",
        tasks=rows,
        kinds=TASK_KIND,
        means=MEANS,
        other_means=TaskKind.OTHER_MEANS,
    )


@requires("agent")
async def form_page(request: web.Request) -> web.StreamResponse:
    """The questionnaire of a follow-up that is done by other means: the same form (L8)."""
    return await _show_form(request, "", {})


@requires("agent")
async def finish(request: web.Request) -> web.StreamResponse:
    """A task is done; with `form`, by the same form as in a call."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    sent, task_id = await request.post(), request.match_info["task"]
    given: dict[str, list[str]] = {}
    for name, value in sent.items():
        given.setdefault(name, []).append(str(value))
    means, note = given.get("means", [""])[0], given.get("note", [""])[0].strip()

    def work(conn: Connection) -> None:
        task = _own(conn, task_id, agent_id)
        if "form" not in given:
            if not note:
                raise BadAnswer("say what proves it: who was met, the number of the letter, the file")
            finish_task(conn, task.id, agent_id, means, note, now)
            return
        topic = _topic(conn, panel, task)
        finish_by_other_means(
            conn,
            panel.library,
            task,
            _answers(topic, given),
            means=means,
            note=note,
            by=agent_id,
            now=now,
            zone=panel.settings.zone,
        )

    try:
        await panel.database.write(work)
    except BadAnswer as error:
        if "form" not in given:
            raise
        return await _show_form(request, translator_of(request).sentence(str(error)), given)
    raise web.HTTPSeeOther("/agent/tasks")


async def _show_form(request: web.Request, error: str, given: Mapping[str, list[str]]) -> web.Response:
    panel, agent_id, task_id = request.app[PANEL], agent_id_of(request), request.match_info["task"]

    def read(conn: Connection) -> tuple[Task, Topic]:
        task = _own(conn, task_id, agent_id)
        return task, _topic(conn, panel, task)

    task, topic = await panel.database.read(read)
    known = {name: answer.value.split(",") for name, answer in topic.given.items()}
    page = render(
        request,
        "agent/task_form.html",
        task=task,
        topic=topic,
        given={**{f"answer.{name}": values for name, values in known.items()}, **given},
        error=error,
        means=MEANS,
        facts=topic.facts,
    )
    page.set_status(422 if error else 200)
    return page


def _own(conn: Connection, task_id: str, agent_id: str) -> Task:
    task = task_of(conn, task_id)
    if task is None or task.owner != agent_id:
        raise web.HTTPNotFound
    return task


def _topic(conn: Connection, panel: Panel, task: Task) -> Topic:
    owed = follow_up(conn, task.follow_up_id) if task.follow_up_id else None
    if owed is None:
        raise web.HTTPNotFound
    return topic_of(conn, panel.library, owed)


def _answers(topic: Topic, given: Mapping[str, list[str]]) -> dict[str, str]:
    """The answers of the form; a ranking is typed as the digits of its choices."""
    answers = {}
    for question in topic.playbook.questionnaire:
        values = [value for value in given.get(f"answer.{question.id}", []) if value]
        if question.type is AnswerType.RANKING and values:
            keys = {choice.key: choice.value for choice in question.choices}
            values = [keys.get(key, key) for key in "".join(values[0].replace(",", "").split())]
        if values:
            answers[question.id] = ",".join(values)
    return answers
