// The agent's page: shows anew what the server says whenever something happened, and carries the
// agent's answers, form and wishes for a pause to it.

import { Dialling } from "./agent_dial.js";
import { Cards, Complaint } from "./agent_dialogs.js";
import { ResultForm } from "./agent_form.js";
import { Outbox } from "./agent_outbox.js";
import { notice, send, setServerNow, tick } from "./base.js";
import { live } from "./live.js";
import { keepPlace, takeSteps } from "./steps.js";
import { Questionnaire, isElsewhere } from "./questionnaire.js";

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
        saved: (item, stored, newer) =>
          item.attempt === this.data.call?.attempt && this.questionnaire?.mark(item.question, stored, newer),
        refused: (_item, error) => {
          notice(this.data.words.refused.replace("{error}", error));
          this.look();
        },
        changed: () => this.showWaiting(),
      },
    );
    this.mount();
    new Dialling(root, () => this.look());
    takeSteps(root, (attempt) => `/agent/calls/${attempt}/steps`, { done: () => this.look() });
    this.outbox.flush();
    for (const prefix of ["agent_session.", "phone_test.", "offer.", "ticket.", "attempt.", "call.", "call_party.", "answer.", "form.", "engine.", "link.", "halt.", "alarm.", "case.", "task.", "customer.", "occasion.", "identity."]) {
      live.on(prefix, () => this.look());
    }
    setInterval(() => this.look(), LOOK_EVERY_MS);
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => this.press(event));
    document.addEventListener("submit", (event) => this.fill(event));
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
    const desk = this.root.querySelector("[data-extension]")?.value;
    setServerNow(Number(fresh.dataset.now));
    this.data = JSON.parse(fresh.querySelector("[data-part=data]").textContent);
    if (fresh.dataset.layout !== this.root.dataset.layout) {
      this.root.replaceChildren(...fresh.childNodes);
    } else {
      for (const [name, text] of texts) {
        if (text === this.texts.get(name)) continue;
        const old = this.root.querySelector(`[data-part="${name}"]`);
        const part = fresh.querySelector(`[data-part="${name}"]`);
        const focused = old.contains(document.activeElement) && document.activeElement;
        old.replaceWith(part);
        if (name === "in_call") keepPlace(old, part, focused);
      }
    }
    this.texts = texts;
    Object.assign(this.root.dataset, fresh.dataset);
    // The phone that was chosen stays chosen, unless somebody sits there now.
    const same = desk && this.root.querySelector(`[data-extension] option[value="${CSS.escape(desk)}"]:enabled`);
    if (same) same.selected = true;
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
      this.questionnaire = new Questionnaire(box, call, words, {
        give: (question, value) => this.outbox.put(call.attempt, question, value),
        identity: (question, said) => send(`/agent/calls/${call.attempt}/identity`, { question, said }),
        promised: () => this.form?.promised() ?? "",
        stage: (name) => this.stage(name),
      });
    }
    this.questionnaire?.sync(call, this.outbox.waiting(call.attempt));
    const form = this.root.querySelector("form.result");
    if (this.form?.form !== form) {
      this.form?.leave();
      this.form = form && new ResultForm(form, this.data.owner, words, (attempt, body) => this.close(attempt, body), () => this.look());
    }
    this.mountDialogs();
    this.showStage();
    this.showWaiting();
  }

  mountDialogs() {
    const { call } = this.data;
    const cards = this.root.querySelector("dialog.cards");
    if (this.cards?.dialog !== cards) this.cards = cards && new Cards(cards, call.cards);
    const complaint = this.root.querySelector("dialog.complaint");
    if (this.complaint?.dialog !== complaint) {
      this.complaint = complaint && new Complaint(complaint, (text) => this.complain(call.attempt, text));
    }
  }

  async complain(attempt, text) {
    await send(`/agent/calls/${attempt}/complaint`, { words: text });
    notice(this.data.words.complained, "good");
    this.look();
  }

  // Where the talk has come to: the script shows that part of it.
  stage(name) {
    if (this.root.dataset.stage === name) return;
    this.root.dataset.stage = name;
    this.showStage();
  }

  showStage() {
    const steps = this.root.querySelector(".steps");
    const place = this.root.dataset.stage;
    const first = steps?.querySelector(`[data-place="${place}"]`);
    if (!first || steps.dataset.shown === place) return;
    steps.dataset.shown = place;
    steps.scrollTop = first.offsetTop - steps.offsetTop;
  }

  key(event) {
    const complaint = this.root.querySelector("[data-complaint]:enabled") && this.complaint;
    const opens = { "?": this.cards, "？": this.cards, c: complaint, C: complaint }[event.key];
    const button = this.root.querySelector(`[data-post][data-key="${CSS.escape(event.key)}"]:enabled`);
    if (!(button || opens) || isElsewhere(event) || event.repeat) {
      this.questionnaire?.key(event);
      return;
    }
    // The key must not be typed into what it opens.
    event.preventDefault();
    if (button) button.click();
    else opens.open();
  }

  // Something that was missing on record.
  async fill(event) {
    const form = event.target.closest("form[data-fact]");
    if (!form) return;
    event.preventDefault();
    const value = new FormData(form).get("value");
    try {
      await send(`/agent/calls/${this.data.call.attempt}/facts`, { name: form.dataset.fact, value });
      notice(this.data.words.filled, "good");
    } catch (error) {
      notice(error.message);
    }
    this.look();
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
    if (event.target.closest("[data-cards]")) return this.cards?.open();
    if (event.target.closest("[data-complaint]")) return this.complaint?.open();
    const button = event.target.closest("[data-post]");
    if (!button || button.disabled) return undefined;
    button.disabled = true;
    const { post, action, reason } = button.dataset;
    const body = action ? { action, reason: reason ?? null } : {};
    if (action === "sign_in") body.extension = this.root.querySelector("[data-extension]")?.value || null;
    try {
      await send(post, body);
    } catch (error) {
      notice(error.message);
    } finally {
      button.disabled = false;
      this.look();
    }
    return undefined;
  }
}

new AgentPage(document.getElementById("agent"));
