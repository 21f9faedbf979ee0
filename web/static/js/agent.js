// The agent's page: shows anew what the server says whenever something happened, and carries the
// agent's answers, form and wishes for a pause to it.

import { ResultForm } from "./agent_form.js";
import { Outbox } from "./agent_outbox.js";
import { notice, send, setServerNow, tick } from "./base.js";
import { live } from "./live.js";
import { Questionnaire } from "./questionnaire.js";

// Hours open and follow-ups become due without an event.
const LOOK_EVERY_MS = 10000;

class AgentPage {
  constructor(root) {
    this.root = root;
    this.texts = AgentPage.partsOf(root);
    this.data = JSON.parse(root.querySelector("[data-part=data]").textContent);
    this.outbox = new Outbox(
      this.data.owner,
      (attempt, body, signal) => send(`/agent/calls/${attempt}/answers`, body, { signal }),
      {
        saved: (item, stored) => item.attempt === this.data.call?.attempt && this.questionnaire?.mark(item.question, stored),
        refused: (_item, error) => {
          notice(this.data.words.refused.replace("{error}", error));
          this.look();
        },
        changed: () => this.showWaiting(),
      },
    );
    this.mount();
    this.outbox.flush();
    for (const prefix of ["agent_session.", "attempt.", "answer.", "form.", "engine.", "link.", "alarm."]) {
      live.on(prefix, () => this.look());
    }
    setInterval(() => this.look(), LOOK_EVERY_MS);
    document.addEventListener("keydown", (event) => this.questionnaire?.key(event));
    document.addEventListener("click", (event) => this.press(event));
    window.addEventListener("pagehide", () => this.questionnaire?.storeTyped());
  }

  static partsOf(root) {
    return new Map([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part.outerHTML]));
  }

  // One request at a time; what happens meanwhile is looked at right after it.
  async look() {
    this.wanted = true;
    if (this.looking) return;
    this.looking = true;
    try {
      while (this.wanted) {
        this.wanted = false;
        const response = await fetch("/agent/view");
        if (!response.ok) break;
        this.show(await response.text());
      }
    } catch {
      // The bar of the feed says so; the next look comes by itself.
    } finally {
      this.looking = false;
    }
  }

  // Only parts that differ from what the server sent last are replaced: nobody loses a field while typing.
  show(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.querySelector("#agent");
    const texts = AgentPage.partsOf(fresh);
    setServerNow(Number(fresh.dataset.now));
    this.data = JSON.parse(fresh.querySelector("[data-part=data]").textContent);
    if (fresh.dataset.layout !== this.root.dataset.layout) {
      this.root.replaceChildren(...fresh.childNodes);
    } else {
      for (const [name, text] of texts) {
        if (text === this.texts.get(name)) continue;
        this.root.querySelector(`[data-part="${name}"]`).replaceWith(fresh.querySelector(`[data-part="${name}"]`));
      }
    }
    this.texts = texts;
    Object.assign(this.root.dataset, fresh.dataset);
    this.mount();
    tick(this.root);
  }

  mount() {
    const { call, words } = this.data;
    // Seen on the tab by who looks at another page when the call comes.
    document.title = this.root.dataset.title;
    const box = this.root.querySelector(".question");
    if (!box) this.questionnaire = null;
    else if (this.questionnaire?.root !== box) {
      const give = (question, value) => this.outbox.put(call.attempt, question, value);
      this.questionnaire = new Questionnaire(box, call, words, give);
    }
    this.questionnaire?.sync(call, this.outbox.waiting(call.attempt));
    const form = this.root.querySelector("form.result");
    if (this.form?.form !== form) {
      this.form?.leave();
      this.form = form && new ResultForm(form, this.data.owner, words, (attempt, body) => this.close(attempt, body), () => this.look());
    }
    this.showWaiting();
  }

  async close(attempt, body) {
    this.questionnaire?.storeTyped();
    await this.outbox.flush();
    if (this.outbox.waiting(attempt).length) {
      throw Object.assign(new Error(this.data.words.answers_first), { status: 425 });
    }
    await send(`/agent/calls/${attempt}/form`, body);
  }

  showWaiting() {
    const bar = this.root.querySelector(".q-waiting");
    if (!bar) return;
    const count = this.outbox?.failing ? this.outbox.waiting(this.data.call?.attempt).length : 0;
    bar.hidden = count === 0;
    bar.textContent = this.data.words.waiting.replace("{n}", count);
  }

  async press(event) {
    const button = event.target.closest("[data-post]");
    if (!button || button.disabled) return;
    button.disabled = true;
    const { post, action, reason } = button.dataset;
    try {
      await send(post, action ? { action, reason: reason ?? null } : {});
    } catch (error) {
      notice(error.message);
    } finally {
      button.disabled = false;
      this.look();
    }
  }
}

new AgentPage(document.getElementById("agent"));
