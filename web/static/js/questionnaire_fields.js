// How a question is answered: a field for each type. A field has an element, takes keys, and is brought up to date
// with `update(given, open)`; it gives its answer with `on.answer(value)` and goes on with `on.next()`, `on.back()`.

const TYPING_PAUSE_MS = 500;
const LONGEST = { text: 2000, date: 12, amount: 16, number: 16, identity: 40 };

export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export const isComposing = (event) => event.isComposing || event.keyCode === 229;

const plain = (text) => text.normalize("NFKC").replace(/\s/g, "");

// What the server takes, too; here it is only said at once.
const LOOKS_RIGHT = {
  date: (text) => {
    const found = /^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?$/.exec(plain(text));
    if (!found) return false;
    const [year, month, day] = found.slice(1).map(Number);
    return new Date(Date.UTC(year, month - 1, day)).getUTCMonth() === month - 1;
  },
  amount: (text) => /^\d+(\.\d{1,2})?$/.test(plain(text).replaceAll(",", "").replace(/^¥|元$/g, "")),
  number: (text) => /^\d{1,12}$/.test(plain(text).replaceAll(",", "")),
};

class Choices {
  constructor(question, on) {
    this.question = question;
    this.on = on;
    this.element = make("div", `q-choices is-${question.type}`);
    this.element.setAttribute("role", this.role === "radio" ? "radiogroup" : "group");
    for (const choice of question.choices) {
      const button = make("button", choice.bad ? "q-choice is-bad" : "q-choice");
      button.type = "button";
      button.dataset.value = choice.value;
      button.setAttribute("role", this.role);
      button.append(make("kbd", "", choice.key), make("span", "q-label", choice.label));
      button.addEventListener("click", () => this.open && this.press(choice.value));
      this.element.append(button);
    }
  }

  get role() {
    return "radio";
  }

  press(value) {
    this.on.answer(value);
  }

  key(event) {
    if (!/^[0-9]$/.test(event.key)) return false;
    const choice = this.question.choices.find((item) => item.key === event.key);
    if (!choice || !this.open) return false;
    if (!event.repeat) this.press(choice.value);
    return true;
  }

  update(given, open) {
    this.open = open;
    this.given = given ?? "";
    const chosen = this.chosen();
    for (const button of this.element.querySelectorAll(".q-choice")) {
      button.disabled = !open;
      button.setAttribute("aria-checked", String(chosen.includes(button.dataset.value)));
    }
  }

  chosen() {
    return this.given ? this.given.split(",") : [];
  }

  store() {}
  focus() {}
}

// Digits choose and take back.
class Several extends Choices {
  get role() {
    return "checkbox";
  }

  press(value) {
    const chosen = new Set(this.chosen());
    if (!chosen.delete(value)) chosen.add(value);
    const order = this.question.choices.map((choice) => choice.value);
    this.on.answer(order.filter((one) => chosen.has(one)).join(","));
  }
}

// Digits in order, the most important first. What is not complete is kept on this computer only.
class Ranking extends Choices {
  constructor(question, on, store) {
    super(question, on);
    this.kept = store;
    this.ranks = null;
  }

  get role() {
    return "checkbox";
  }

  press(value) {
    const ranks = this.chosen();
    this.rank(ranks.includes(value) ? ranks.filter((one) => one !== value) : [...ranks, value]);
  }

  key(event) {
    if (event.key === "Backspace" && this.open && this.chosen().length) {
      this.rank(this.chosen().slice(0, -1));
      return true;
    }
    return super.key(event);
  }

  rank(ranks) {
    const complete = ranks.length === this.question.choices.length;
    sessionStorage.setItem(this.kept, ranks.join(","));
    if (complete) this.on.answer(ranks.join(","));
    else if (this.given) this.on.answer("");
    this.update(complete ? ranks.join(",") : "", this.open);
  }

  chosen() {
    if (this.given) return this.given.split(",");
    const kept = sessionStorage.getItem(this.kept);
    return kept ? kept.split(",") : [];
  }

  update(given, open) {
    if (given) sessionStorage.setItem(this.kept, given);
    super.update(given, open);
    const ranks = this.chosen();
    for (const button of this.element.querySelectorAll(".q-choice")) {
      const rank = ranks.indexOf(button.dataset.value) + 1;
      if (rank) button.dataset.rank = rank;
      else delete button.dataset.rank;
    }
  }
}

// Text is stored while it is typed; a date, an amount or a number when it is complete.
class Typed {
  constructor(question, on, words) {
    this.question = question;
    this.on = on;
    this.words = words;
    this.element = make("div", "q-typed");
    this.input = make(question.type === "text" ? "textarea" : "input", `q-field is-${question.type}`);
    this.input.dataset.question = question.id;
    this.input.maxLength = LONGEST[question.type];
    this.input.autocomplete = "off";
    this.input.placeholder = question.type === "text" ? words.verbatim : words[`typed_${question.type}`];
    this.input.setAttribute("aria-label", question.ask);
    this.error = make("p", "q-error");
    this.error.setAttribute("role", "alert");
    this.error.hidden = true;
    this.element.append(this.input, this.error);
    this.input.addEventListener("input", () => this.typing());
    this.input.addEventListener("blur", () => this.store());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
  }

  typing() {
    this.error.hidden = true;
    if (this.question.type !== "text") return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.store(), TYPING_PAUSE_MS);
  }

  pressed(event) {
    if (isComposing(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!event.repeat && this.store()) this.on.next();
    } else if (event.key === "Escape") {
      this.input.blur();
    } else if (event.key === "Backspace" && !event.repeat && !this.input.value) {
      event.preventDefault();
      this.on.back();
    }
  }

  // False where what is typed is no answer: it stays there to be mended.
  store() {
    clearTimeout(this.timer);
    if (this.input.disabled) return true;
    const value = this.input.value.trim() ? this.input.value : "";
    const right = LOOKS_RIGHT[this.question.type];
    if (value && right && !right(value)) {
      this.error.textContent = this.words[`no_${this.question.type}`];
      this.error.hidden = false;
      return false;
    }
    if (value !== (this.given ?? "")) {
      this.given = value;
      this.on.answer(value);
    }
    return true;
  }

  key() {
    return false;
  }

  update(given, open) {
    const opened = open && this.input.disabled;
    this.input.disabled = !open;
    if (document.activeElement !== this.input) {
      this.given = given;
      this.input.value = given ?? "";
    }
    // Open at last: who waits for it can type at once.
    if (opened && document.activeElement === document.body) this.focus();
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }
}

// What the customer says is compared by the server, which never tells what is on record.
class Identity {
  constructor(question, on, words) {
    this.question = question;
    this.on = on;
    this.words = words;
    this.element = make("div", "q-typed");
    this.input = make("input", "q-field is-identity");
    this.input.maxLength = LONGEST.identity;
    this.input.autocomplete = "off";
    this.input.placeholder = words.identity_type;
    this.input.setAttribute("aria-label", words.identity_ask);
    this.result = make("p", "q-identity");
    this.result.setAttribute("role", "status");
    this.element.append(this.input, this.result, make("p", "muted", words.identity_never));
    this.input.addEventListener("keydown", (event) => this.pressed(event));
  }

  async pressed(event) {
    if (isComposing(event)) return;
    if (event.key === "Escape") this.input.blur();
    if (event.key === "Backspace" && !event.repeat && !this.input.value) this.on.back();
    if (event.key !== "Enter") return;
    event.preventDefault();
    const said = this.input.value.trim();
    if (!said) {
      if (this.given) this.on.next();
      return;
    }
    if (this.busy || event.repeat) return;
    // What is typed while the server compares belongs to the next try.
    const typed = this.input.value;
    let stored;
    this.busy = true;
    this.input.value = "";
    try {
      stored = await this.on.identity(said);
    } catch (error) {
      this.result.className = "q-identity is-no";
      this.result.textContent = error.message;
      this.input.value ||= typed;
      return;
    } finally {
      this.busy = false;
    }
    this.on.checked(stored);
  }

  key() {
    return false;
  }

  update(given, open) {
    const opened = open && this.input.disabled;
    this.given = given;
    this.input.disabled = !open;
    if (given && !this.busy) {
      this.result.className = `q-identity is-${given}`;
      this.result.textContent = this.words[`identity_${given}`];
    }
    if (opened && document.activeElement === document.body) this.focus();
  }

  store() {}

  focus() {
    this.input.focus({ preventScroll: true });
  }
}

export function fieldFor(question, on, words, attempt) {
  if (question.type === "identity") return new Identity(question, on, words);
  if (question.type === "multiple") return new Several(question, on);
  if (question.type === "ranking") return new Ranking(question, on, `huifang.rank.${attempt}.${question.id}`);
  if (question.choices.length) return new Choices(question, on);
  return new Typed(question, on, words);
}
