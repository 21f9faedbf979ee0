"""Policies as insurers export them, imported, planned, called and judged as people judged them (Q3, C3)."""

import csv
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, select

from dialer.agents.service import add_agent
from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.customers.tables import occasions
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.importing.options import ImportOptions
from dialer.importing.service import import_file
from qa.checks.library import shipped_rules
from qa.checks.queries import check_of, findings_of
from qa.checks.worker import CheckWorker
from qa.rules.findings import Reason
from qa.scoring.labelled import LabelledCall, heard, load_labelled
from tests.unit.qa_store.world import START, Says, World

CALLS = Path(__file__).parents[3] / "bench" / "calls" / "calls.yaml"
INSURANCE = {call.id: call for call in load_labelled(CALLS) if call.playbook == "insurance-new-policy"}
COMPANY = "明光人寿保险公司"

# As a core system exports them: in its own words, fees a column each, the whole document number.
HEADINGS = [
    "保单号", "投保人", "投保人性别", "投保人手机", "投保人证件号码", "承保日期", "险种名称", "产品设计类型",
    "保险期间", "交费方式", "交费期间", "首期保费", "初始费用", "保单管理费", "销售时告知回访",
]  # fmt: skip
KINDS = {"participating": "分红型", "universal": "万能型"}


def row_of(call: LabelledCall) -> list[str]:
    """The export's row of a labelled call."""
    facts = call.facts
    universal = facts["product_kind"] == "universal"
    single = facts["payment"] == "single"
    return [
        f"P{call.id}",
        f"{facts['name']}建华",
        "女" if facts["sir"] == "女士" else "男",
        f"138{call.id[-2:]:0>8}",
        f"11010119800101{facts['id_tail']}",
        f"{START - timedelta(days=2):%Y-%m-%d}",
        str(facts["product"]),
        KINDS[str(facts["product_kind"])],
        "保至终身",
        "趸交" if single else "年交",
        "一次交清" if single else "10年",
        "12800.00",
        "5%" if universal else "-",
        "每月10元" if universal else "",
        "是",
    ]


def call_of_policy(conn: Connection, policy: str, now: "object") -> str:
    """An answered call of the follow-up that the import planned for this policy; the attempt's id."""
    key = new_id()
    agent_id = conn.execute(select(agents.c.id)).scalar() or add_agent(
        conn, code="8001", name="王", extension="1001", branch="本店"
    )
    owed = select(follow_ups.c.id).join(occasions, occasions.c.id == follow_ups.c.occasion_id)
    conn.execute(
        insert(attempts).values(
            id=key,
            follow_up_id=conn.execute(owed.where(occasions.c.external_id == policy)).scalar_one(),
            agent_id=agent_id,
            number="13800000000",
            state="ended",
            run_id=new_id(),
            placed_at=now,
            answered_at=now,
            ended_at=now,
            outcome="answered",
        )
    )
    return key


@pytest.mark.parametrize("call", INSURANCE.values(), ids=INSURANCE)
async def test_q3_an_imported_policy_is_judged_as_people_judged_it(world: World, call: LabelledCall) -> None:
    """Q3: from the row of an insurer's export to the verdict nothing is lost, and no fact is missing."""
    path = world.folder / "policies.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADINGS, row_of(call)])
    options = ImportOptions(zone=ZoneInfo("Asia/Shanghai"), default_branch="本店", by="test")
    report = await import_file(world.db, world.library, path, options, clock=world.clock)
    assert (report.kind, report.created, report.follow_ups, report.rejected) == ("policy", 1, 1, 0)
    attempt = await world.db.write(lambda conn: call_of_policy(conn, f"P{call.id}", world.now))
    await world.archive_again(attempt)
    await world.transcription(Says(heard(call))).step()
    await CheckWorker(world.db, world.library, shipped_rules(), world.clock, company=COMPANY).step()
    found = await world.db.read(lambda conn: findings_of(conn, attempt))
    told = {one.rule_id: str(one.verdict) for one in found}
    check = await world.db.read(lambda conn: check_of(conn, attempt))
    assert check is not None
    told["question_item"] = str(check.question_item)
    assert {rule: told[rule] for rule in call.labels if told[rule] not in call.labels[rule]} == {}
    assert [one.rule_id for one in found if one.reason == Reason.FACT_MISSING] == []
    assert (told["phone_first"], told["sale_notice"]) == ("pass", "pass")
