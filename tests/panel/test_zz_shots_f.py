from datetime import timedelta
from sqlalchemy import select, update
from dialer.followups.tables import follow_ups
from dialer.agents.tables import agents
from dialer.daily.service import make_hand_over, sign
from dialer.assigning.service import add_leave, set_shift, set_targets, assign_day
from tests.panel.test_plan import *
from zoneinfo import ZoneInfo

async def test_shots(plan_site, open_page):
    site = plan_site
    names = ["王芳","刘洋","赵敏","陈静","孙丽"]
    ids = [await site.agent(f"80{n:02}", name) for n, name in enumerate(names)]
    await site.user("wang", "agent", agent_id=ids[0])
    await site.user("eve", "supervisor", language="en")
    zone = ZoneInfo("Asia/Shanghai")
    for n in range(60):
        await site.follow_up("张王李赵陈"[n % 5], f"1380000{n:04}", f"豫A1{n:04}", days_ago=0.3 + n / 12)
    for n in range(70, 90):
        await order(site, n, do_not_call=n % 3 == 0)
    def work(conn):
        now = site.clock(); day = now.astimezone(zone).date()
        add_leave(conn, agent_id=ids[4], first_day=day, last_day=day, stand_in_id=ids[1], reason="年假", by="chen", now=now)
        for one in ids[:4]:
            set_shift(conn, one, day, ("09:00", "17:30"), "chen", now)
            set_targets(conn, one, {"calls": 60, "talk_minutes": 180, "completed": 40}, "chen", now)
        conn.execute(update(follow_ups).values(expected_seconds=1500))
        conn.execute(update(agents).where(agents.c.id == ids[3]).values(head=True, skills=["insurance"]))
    await site.database.write(work)
    page = await open_page("chen", "/plan")
    await page.get_by_role("button", name="重新生成计划").click()
    await page.wait_for_load_state()
    await site.database.write(lambda conn: conn.execute(update(follow_ups).where(follow_ups.c.plate.in_(["豫A10003","豫A10059","豫A10058"])).values(owner_id=None, skill="claims")).rowcount)
    await page.goto(page.url.split("/plan")[0] + "/plan")
    await page.screenshot(path="/tmp/shots_f/plan_zh_1366.png", full_page=True)
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await page.screenshot(path="/tmp/shots_f/plan_zh_1920.png", full_page=True)
    await page.set_viewport_size({"width": 1366, "height": 768})
    base = page.url.split("/plan")[0]
    await page.goto(base + "/explain?key=豫A10005")
    await page.screenshot(path="/tmp/shots_f/explain_zh.png", full_page=True)
    await page.goto(base + "/explain?key=豫A10072")
    await page.screenshot(path="/tmp/shots_f/explain2_zh.png", full_page=True)
    await page.goto(base + f"/plan/reassign?from={ids[0]}&to={ids[1]}&count=3")
    await page.screenshot(path="/tmp/shots_f/preview_zh.png")
    await page.goto(base + "/plan/list?state=planned,waiting&limit=late")
    await page.screenshot(path="/tmp/shots_f/list_zh.png")
    en = await open_page("eve", "/plan")
    await en.screenshot(path="/tmp/shots_f/plan_en_1366.png", full_page=True)
    await en.goto(base + "/explain?key=豫A10005")
    await en.screenshot(path="/tmp/shots_f/explain_en.png", full_page=True)
    note = await site.database.write(lambda conn: make_hand_over(conn, from_id=ids[0], to_id=ids[1], note="钥匙在前台，张先生下午回电", by="chen", now=site.clock()))
    agent = await open_page("wang", f"/handover/{note}")
    await agent.screenshot(path="/tmp/shots_f/handover_zh.png")
