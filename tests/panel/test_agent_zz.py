import time, statistics
from tests.panel.test_agent_call import *
async def test_lat(agent, panel_server, open_page):
    page = await open_page("wang", "/agent")
    await expect(page.locator(".idle")).to_be_visible()
    await page.wait_for_timeout(500)
    t=time.perf_counter()
    await page.evaluate("window.__t=new Promise(r=>new MutationObserver((m,o)=>{if(document.querySelector('.customer')){o.disconnect();r(Date.now())}}).observe(document.body,{childList:true,subtree:true}))")
    t0=time.time(); (att,)=await panel_server.reserve(); t1=time.time()
    seen=await page.evaluate("window.__t")
    print("reserve commit %.1f ms, page %.1f ms after commit"%((t1-t0)*1e3, seen-t1*1e3))
    await panel_server.agent_rings(att); await panel_server.go(att); await panel_server.answer(att)
    await at_question(page,"q1")
    ms=await page.evaluate("""async (a)=>{const out=[];for(let i=0;i<60;i++){const t=performance.now();await (await fetch(`/agent/calls/${a}/answers`,{method:'POST',headers:{'X-CSRF-Token':document.querySelector('meta[name=csrf]').content},body:JSON.stringify({question:'q'+(1+i%9),value:'satisfied'})})).json();out.push(performance.now()-t);await new Promise(r=>setTimeout(r,50))}return out}""",att)
    ms.sort(); print("POST p50 %.1f p95 %.1f max %.1f"%(ms[30],ms[57],ms[-1]))
