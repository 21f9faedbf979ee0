// One question at a time, by keyboard: digits answer, Enter goes on, Backspace or ArrowUp goes back.
// Draws itself from `call.questions`; answers go to the outbox at once.

const TYPING_PAUSE_MS = 500;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Keys that an input method is still using, or that belong to a text field or a form control.
export function isElsewhere(event) {
  if (event.isComposing || event.keyCode === 229) return true;
  if (event.ctrlKey || event.altKey || event.metaKey) return true;
  const target = event.target;
  return target instanceof Element && Boolean(target.closest("input, textarea, select, [contenteditable]"));
}

export class Questionnaire {
  constructor(root, call, words, give) {
    this.root = root;
    this.words = words;
    this.give = give;
    this.questions = call.questions;
    this.answers = { ...call.answers };
    this.open = call.open;
    this.at = this.firstOpen();
    this.count = root.querySelector(".q-count");
    this.saved = root.querySelector(".q-saved");
    this.body = root.querySelector(".q-body");
    this.dots = root.querySelector(".q-dots");
    this.draw();
  }

  get question() {
    return this.questions[this.at];
  }

  firstOpen() {
    const index = this.questions.findIndex((question) => !this.answers[question.id]);
    return index < 0 ? this.questions.length : index;
  }

  // What the server knows now: `call` of a fresh view, `waiting` the answers it does not have yet.
  // A view may be older than an answer that was stored meanwhile: of two the later given counts.
  sync(call, waiting) {
    const before = JSON.stringify([this.answers, this.open]);
    const here = this.question && this.answers[this.question.id];
    const fresh = { ...call.answers };
    for (const [id, answer] of Object.entries(this.answers)) {
      if (answer.given > (fresh[id]?.given ?? 0)) fresh[id] = answer;
    }
    for (const item of waiting) fresh[item.question] = { value: item.value };
    this.answers = fresh;
    this.open = call.open;
    if (JSON.stringify([this.answers, this.open]) === before) return;
    // Answered in another tab: go on as that tab did.
    if (this.question && !here && this.answers[this.question.id]) this.at = this.firstOpen();
    this.draw();
  }

  mark(questionId, answer) {
    this.answers[questionId] = answer;
    this.draw();
  }

  answer(value) {
    if (!this.open || !this.question) return;
    this.answers[this.question.id] = { value };
    this.give(this.question.id, value);
    this.draw();
  }

  go(index) {
    this.storeTyped();
    this.at = Math.max(0, Math.min(index, this.questions.length));
    this.draw();
  }

  // True where the key was ours.
  key(event) {
    if (isElsewhere(event)) return false;
    // Enter on a button or link outside of the questionnaire presses that.
    const onControl = event.target instanceof Element && event.target.closest("button, a, summary");
    if (event.key === "Enter" && onControl && !this.root.contains(onControl)) return false;
    if (/^[0-9]$/.test(event.key)) {
      const choice = this.question?.choices.find((item) => item.key === event.key);
      if (!choice || !this.open) return false;
      if (!event.repeat) this.answer(choice.value);
    } else if (event.key === "Enter" && this.at < this.questions.length) {
      if (!event.repeat) this.go(this.at + 1);
    } else if (event.key === "Backspace" || event.key === "ArrowUp") {
      this.go(this.at - 1);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  draw() {
    this.root.dataset.question = this.question?.id ?? "";
    this.root.dataset.open = String(this.open);
    const done = this.questions.filter((question) => this.answers[question.id]).length;
    this.count.textContent = `${done}/${this.questions.length}`;
    this.drawSaved();
    this.drawBody();
    this.drawDots();
  }

  drawSaved() {
    const answer = this.question && this.answers[this.question.id];
    this.saved.className = "q-saved";
    this.saved.textContent = "";
    if (!answer) return;
    this.saved.classList.add(answer.at ? "is-saved" : "is-waiting");
    this.saved.textContent = answer.at ? `${this.words.saved} ${answer.at}` : this.words.saving;
  }

  drawBody() {
    const question = this.question;
    const typing = this.body.querySelector("textarea");
    if (typing && question && typing.dataset.question === question.id) {
      // Never take a field away from somebody who types.
      typing.disabled = !this.open;
      if (document.activeElement !== typing) typing.value = this.answers[question.id]?.value ?? "";
      return;
    }
    const focused = this.body.contains(document.activeElement);
    this.body.replaceChildren();
    if (focused) this.root.focus({ preventScroll: true });
    if (!question) {
      this.drawReview();
      return;
    }
    const ask = make("p", "q-ask");
    ask.append(make("span", "q-number", question.number), make("span", "q-text", question.ask));
    this.body.append(ask, question.choices.length ? this.choices(question) : this.textField(question));
  }

  choices(question) {
    const box = make("div", `q-choices is-${question.type}`);
    box.setAttribute("role", "radiogroup");
    const given = this.answers[question.id]?.value;
    for (const choice of question.choices) {
      const button = make("button", choice.bad ? "q-choice is-bad" : "q-choice");
      button.type = "button";
      button.disabled = !this.open;
      button.dataset.value = choice.value;
      button.setAttribute("role", "radio");
      button.setAttribute("aria-checked", String(choice.value === given));
      button.append(make("kbd", "", choice.key), make("span", "", choice.label));
      button.addEventListener("click", () => this.answer(choice.value));
      box.append(button);
    }
    return box;
  }

  textField(question) {
    const field = make("textarea", "q-field");
    field.dataset.question = question.id;
    field.value = this.answers[question.id]?.value ?? "";
    field.disabled = !this.open;
    field.maxLength = 2000;
    field.placeholder = this.words.verbatim;
    field.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.storeTyped(), TYPING_PAUSE_MS);
    });
    field.addEventListener("blur", () => this.storeTyped());
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.go(this.at + 1);
    });
    return field;
  }

  storeTyped() {
    clearTimeout(this.typing);
    const field = this.body.querySelector("textarea");
    if (!field || !this.open || !field.value.trim()) return;
    const question = field.dataset.question;
    if (this.answers[question]?.value === field.value) return;
    this.answers[question] = { value: field.value };
    this.give(question, field.value);
    this.drawSaved();
  }

  drawReview() {
    const missing = this.questions.filter((question) => question.required && !this.answers[question.id]);
    const line = make("p", missing.length ? "q-end is-open" : "q-end is-done");
    line.textContent = missing.length ? this.words.missing.replace("{n}", missing.length) : this.words.complete;
    const list = make("ol", "q-review");
    this.questions.forEach((question, index) => {
      const value = this.answers[question.id]?.value;
      const choice = question.choices.find((item) => item.value === value);
      const row = make("button", "q-row");
      row.type = "button";
      if (choice?.bad) row.classList.add("is-bad");
      if (value === undefined) row.classList.add("is-missing");
      row.append(
        make("span", "q-number", question.number),
        make("span", "q-row-ask", question.ask),
        make("span", "q-row-value", choice?.label ?? value ?? this.words.none),
      );
      row.addEventListener("click", () => this.go(index));
      const item = make("li");
      item.append(row);
      list.append(item);
    });
    this.body.append(line, list);
  }

  drawDots() {
    const dots = this.questions.map((question, index) => {
      const answer = this.answers[question.id];
      const dot = make("button", "q-dot", question.number);
      dot.type = "button";
      dot.title = question.ask;
      dot.tabIndex = -1;
      if (answer) dot.classList.add(answer.at ? "is-answered" : "is-waiting");
      if (question.choices.some((choice) => choice.bad && choice.value === answer?.value)) dot.classList.add("is-bad");
      if (index === this.at) dot.setAttribute("aria-current", "step");
      dot.addEventListener("click", () => this.go(index));
      return dot;
    });
    const end = make("button", "q-dot q-dot-end", this.words.all);
    end.type = "button";
    end.tabIndex = -1;
    if (!this.question) end.setAttribute("aria-current", "step");
    end.addEventListener("click", () => this.go(this.questions.length));
    this.dots.replaceChildren(...dots, end);
  }
}
