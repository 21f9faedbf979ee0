// What opens over the call and is closed with Escape: the objection cards, and the complaint.

import { isComposing, make } from "./questionnaire_fields.js";

// A list to search; a digit shows what to answer.
export class Cards {
  constructor(dialog, cards) {
    this.dialog = dialog;
    this.cards = cards;
    this.search = dialog.querySelector("input");
    this.list = dialog.querySelector(".cards-list");
    this.search.addEventListener("input", () => this.draw());
    dialog.addEventListener("keydown", (event) => this.key(event));
    dialog.addEventListener("click", (event) => event.target.closest("[data-close]") && dialog.close());
  }

  open() {
    if (this.dialog.open || !this.cards.length) return;
    this.search.value = "";
    this.shown = null;
    this.draw();
    this.dialog.showModal();
    this.search.focus();
  }

  get found() {
    const wanted = this.search.value.trim().toLowerCase();
    return this.cards.filter((card) => `${card.heard} ${card.say}`.toLowerCase().includes(wanted));
  }

  key(event) {
    if (isComposing(event) || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter") event.preventDefault();
    const number = event.key === "Enter" ? 1 : /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    const card = number && this.found[number - 1];
    if (!card || (event.key === "Enter" && event.target !== this.search)) return;
    event.preventDefault();
    this.show(card);
  }

  show(card) {
    this.shown = card;
    this.draw();
  }

  draw() {
    this.list.replaceChildren(
      ...this.found.map((card, index) => {
        const button = make("button", "card");
        button.type = "button";
        button.setAttribute("aria-expanded", String(card === this.shown));
        button.append(make("kbd", "", index < 9 ? String(index + 1) : "·"), make("span", "card-heard", card.heard));
        button.addEventListener("click", () => this.show(card));
        const item = make("li");
        item.append(button);
        if (card === this.shown) item.append(make("p", "card-say", card.say));
        return item;
      }),
    );
    this.list.querySelector(".card-say")?.scrollIntoView({ block: "nearest" });
  }
}

// One press and a confirmation: at once to the manager.
export class Complaint {
  // `file(words)` throws with a sentence.
  constructor(dialog, file) {
    this.dialog = dialog;
    this.words = dialog.querySelector("textarea");
    this.error = dialog.querySelector(".form-error");
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(file);
    });
    dialog.addEventListener("click", (event) => event.target.closest("[data-close]") && dialog.close());
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.ctrlKey && !isComposing(event)) this.send(file);
    });
  }

  open() {
    if (this.dialog.open) return;
    this.error.hidden = true;
    this.dialog.showModal();
    this.words.focus();
  }

  async send(file) {
    if (this.busy) return;
    this.busy = true;
    try {
      await file(this.words.value);
      this.words.value = "";
      this.dialog.close();
    } catch (error) {
      this.error.textContent = error.message;
      this.error.hidden = false;
    } finally {
      this.busy = false;
    }
  }
}
