// One question at a time, by keyboard: digits answer, Enter goes on, Backspace or ArrowUp goes back.
// Which questions are asked the server tells after each answer, and beforehand what would be asked after each
// answer that decides: so the page goes on at once, whatever the network does.

import { fieldFor, isComposing, make } from "./questionnaire_fields.js";
import { badIn, drawReview } from "./questionnaire_review.js";

// Keys that an input method is still using, or that belong to a text field or a form control.
export function isElsewhere(event) {
  if (isComposing(event)) return true;
  if (event.ctrlKey || event.altKey || event.metaKey) return true;
  const target = event.target;
  // What has just been closed keeps the focus until the browser draws again: keys are ours already.
  if (target instanceof Element && target.closest("dialog:not([open])")) return false;
  return target instanceof Element && Boolean(target.closest("input, textarea, select, [contenteditable], dialog"));
}

const latest = (answers) => Math.max(0, ...Object.values(answers).map((answer) => answer.given ?? 0));

export class Questionnaire {
  // `acts`: give(question, value), identity(question, said), promised(), stage(name).
  constructor(root, call, words, acts) {
    this.root = root;
    this.words = words;
    this.acts = acts;
    this.attempt = call.attempt;
    this.all = call.questions;
    this.answers = { ...call.answers };
    this.open = call.open;
    this.base = { asked: call.asked, branches: call.branches, given: latest(call.answers) };
    this.decide();
    this.here = this.firstOpen();
    this.count = root.querySelector(".q-count");
    this.saved = root.querySelector(".q-saved");
    this.body = root.querySelector(".q-body");
    this.dots = root.querySelector(".q-dots");
    this.draw();
    if (document.activeElement === document.body) this.field?.focus();
  }

  get question() {
    return this.questions.find((question) => question.id === this.here);
  }

  isAnswered(question) {
    return Boolean(this.answers[question.id]?.value);
  }

  firstOpen() {
    return this.questions.find((question) => !this.isAnswered(question))?.id ?? null;
  }

  // The questions that are asked: as the server says, with what the answers on their way will change.
  decide() {
    const asked = new Set(this.base.asked);
    for (const question of this.all) {
      const answer = this.answers[question.id];
      const then = answer && !answer.at && this.base.branches[question.id]?.[answer.value];
      if (!then) continue;
      for (const id of then) if (!this.base.asked.includes(id)) asked.add(id);
      for (const id of this.base.asked) if (!then.includes(id)) asked.delete(id);
    }
    const before = this.questions ?? [];
    this.questions = this.all.filter((question) => asked.has(question.id));
    // The playbook's own numbers jump where questions are not asked.
    this.questions.forEach((question, index) => (question.number = index + 1));
    if (this.here && !asked.has(this.here)) this.here = this.after(this.here);
    // A question that came up behind somebody's back is asked before going on.
    const isNew = (question) => !before.includes(question) && !this.isAnswered(question);
    const fresh = before.length ? this.questions.find(isNew) : undefined;
    const passed = fresh && (this.here === null || this.place(fresh.id) < this.place(this.here));
    if (passed && !(this.question && this.isAnswered(this.question))) this.here = fresh.id;
  }

  place(id) {
    return this.all.findIndex((question) => question.id === id);
  }

  after(id) {
    const place = this.place(id);
    return this.questions.find((question) => this.place(question.id) > place)?.id ?? null;
  }

  // What the server knows now: `call` of a fresh view, `waiting` the answers it does not have yet.
  // A view may be older than an answer that was stored meanwhile: of two the later given counts.
  sync(call, waiting) {
    const before = JSON.stringify([this.answers, this.open, this.base]);
    // What this page is having checked comes as an answer, too: its field goes on by itself.
    const wasOpen = this.question && !this.isAnswered(this.question) && !this.field?.busy;
    const fresh = { ...call.answers };
    for (const [id, answer] of Object.entries(this.answers)) {
      if (answer.given > (fresh[id]?.given ?? 0)) fresh[id] = answer;
    }
    for (const item of waiting) fresh[item.question] = { value: item.value };
    this.answers = fresh;
    this.open = call.open;
    this.learn(call, latest(call.answers));
    if (JSON.stringify([this.answers, this.open, this.base]) === before) return;
    this.decide();
    // Answered in another tab: go on as that tab did.
    if (wasOpen && this.question && this.isAnswered(this.question)) this.here = this.firstOpen();
    this.draw();
  }

  learn({ asked, branches }, given) {
    if (asked && given >= this.base.given) this.base = { asked, branches, given };
  }

  // The server has an answer. Where a newer one waits to be sent, that is the one to go on from.
  mark(questionId, stored, newer) {
    const { asked, branches, ...answer } = stored;
    if (!newer) this.answers[questionId] = answer;
    this.learn({ asked, branches }, answer.given);
    this.decide();
    this.draw();
  }

  answer(value) {
    if (!this.open || !this.question) return;
    this.answers[this.here] = { value };
    this.acts.give(this.here, value);
    this.decide();
    this.draw();
  }

  go(id) {
    if (this.field?.store() === false) return;
    this.here = id;
    this.draw();
    this.field?.focus();
  }

  next() {
    if (this.here !== null) this.go(this.after(this.here));
  }

  back() {
    const before = this.here === null ? this.questions : this.questions.filter((one) => this.place(one.id) < this.place(this.here));
    if (before.length) this.go(before.at(-1).id);
  }

  // True where the key was ours.
  key(event) {
    if (isElsewhere(event)) return false;
    // Enter on a button or link outside of the questionnaire presses that.
    const onControl = event.target instanceof Element && event.target.closest("button, a, summary");
    if (event.key === "Enter" && onControl && !this.root.contains(onControl)) return false;
    if (this.field?.key(event)) {
      event.preventDefault();
      return true;
    }
    if (event.key === "Enter" && this.here !== null) {
      if (!event.repeat) this.next();
    } else if (event.key === "Backspace" || event.key === "ArrowUp") {
      this.back();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  storeTyped() {
    this.field?.store();
    this.drawSaved();
  }

  draw() {
    this.root.dataset.question = this.here ?? "";
    this.root.dataset.open = String(this.open);
    const done = this.questions.filter((question) => this.isAnswered(question)).length;
    this.count.textContent = `${done}/${this.questions.length}`;
    this.acts.stage(this.here === null ? "recap" : done ? "body" : "opening");
    this.drawSaved();
    this.drawBody();
    this.drawDots();
  }

  drawSaved() {
    const answer = this.question && this.answers[this.here];
    this.saved.className = "q-saved";
    this.saved.textContent = "";
    if (!answer?.value) return;
    this.saved.classList.add(answer.at ? "is-saved" : "is-waiting");
    this.saved.textContent = answer.at ? `${this.words.saved} ${answer.at}` : this.words.saving;
  }

  drawBody() {
    const question = this.question;
    if (question && this.field?.question === question) {
      this.field.update(this.answers[question.id]?.value, this.open);
      return;
    }
    const focused = this.body.contains(document.activeElement);
    this.field = null;
    this.body.replaceChildren();
    if (focused) this.root.focus({ preventScroll: true });
    if (!question) {
      drawReview(this);
      return;
    }
    this.field = fieldFor(question, this.acting(question), this.words, this.attempt);
    const ask = make("p", "q-ask");
    const text = question.type === "identity" ? this.words.identity_ask : question.ask;
    ask.append(make("span", "q-number", question.number), make("span", "q-text", text));
    if (question.topic) this.body.append(make("p", "q-topic", question.topic));
    const tip = question.hint || { multiple: this.words.choose_several, ranking: this.words.rank }[question.type];
    this.body.append(ask, ...(tip ? [make("p", "q-tip muted", tip)] : []), this.field.element);
    this.field.update(this.answers[question.id]?.value, this.open);
  }

  acting(question) {
    return {
      answer: (value) => this.here === question.id && this.answer(value),
      next: () => this.here === question.id && this.next(),
      back: () => this.back(),
      identity: (said) => this.acts.identity(question.id, said),
      checked: (stored) => {
        this.mark(question.id, stored, false);
        if (stored.value === "yes" && this.here === question.id) this.next();
      },
    };
  }

  drawDots() {
    const dots = this.questions.map((question) => {
      const answer = this.answers[question.id];
      const dot = make("button", "q-dot", question.number);
      dot.type = "button";
      dot.title = question.ask;
      dot.tabIndex = -1;
      if (answer?.value) dot.classList.add(answer.at ? "is-answered" : "is-waiting");
      if (badIn(question, answer?.value)) dot.classList.add("is-bad");
      if (question.id === this.here) dot.setAttribute("aria-current", "step");
      dot.addEventListener("click", () => this.go(question.id));
      return dot;
    });
    const end = make("button", "q-dot q-dot-end", this.words.all);
    end.type = "button";
    end.tabIndex = -1;
    if (this.here === null) end.setAttribute("aria-current", "step");
    end.addEventListener("click", () => this.go(null));
    this.dots.replaceChildren(...dots, end);
  }
}
