// The result form of a call. What is typed is kept on this computer until the server has the form,
// and shown in every tab that has the call open.

const FIELDS = ["disposition", "wishes", "call_again_at", "satisfaction", "next_step", "promise", "promise_at"];

function localMinutes(date) {
  const two = (number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export class ResultForm {
  // `send(attempt, form)` throws with a sentence; `after()` follows, whether it was saved or refused.
  constructor(form, owner, words, send, after) {
    this.form = form;
    this.attempt = form.dataset.attempt;
    this.key = `huifang.draft.${owner}.${this.attempt}`;
    this.words = words;
    this.send = send;
    this.after = after;
    this.error = form.querySelector(".result-error");
    this.restore();
    form.addEventListener("input", () => this.keep());
    form.addEventListener("submit", (event) => this.submit(event));
    form.addEventListener("click", (event) => this.pick(event));
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.ctrlKey && !event.isComposing) form.requestSubmit(form.querySelector(".finish"));
      if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
    });
    this.watch = (event) => event.key === this.key && event.newValue !== null && this.restore();
    window.addEventListener("storage", this.watch);
  }

  leave() {
    window.removeEventListener("storage", this.watch);
  }

  values() {
    const data = new FormData(this.form);
    return Object.fromEntries(FIELDS.map((name) => [name, data.get(name) ?? ""]));
  }

  keep() {
    this.error.hidden = true;
    this.showTime();
    localStorage.setItem(this.key, JSON.stringify(this.values()));
  }

  restore() {
    let draft = {};
    try {
      draft = JSON.parse(localStorage.getItem(this.key)) ?? {};
    } catch {
      // An unreadable draft is no draft.
    }
    for (const name of FIELDS) {
      const field = this.form.elements.namedItem(name);
      if (field && draft[name] !== undefined && field.value !== draft[name]) field.value = draft[name];
    }
    this.showTime();
  }

  showTime() {
    const chosen = this.form.querySelector("[name=disposition]:checked");
    this.form.querySelector(".again").hidden = !chosen?.dataset.time;
    this.form.elements.namedItem("call_again_at").required = chosen?.dataset.time === "needed";
    for (const advice of this.form.querySelectorAll("[data-advice]")) {
      advice.hidden = advice.dataset.advice !== chosen?.value;
    }
  }

  // What was promised and by when, to repeat it to the customer.
  promised() {
    const { promise, promise_at: at } = this.values();
    return promise.trim() && `${promise.trim()} ${at.replace("T", " ")}`.trim();
  }

  pick(event) {
    const quick = event.target.closest("[data-hours], [data-tomorrow]");
    if (!quick) return;
    const at = new Date(this.form.closest("[data-site-now]").dataset.siteNow);
    if (quick.dataset.hours) at.setHours(at.getHours() + Number(quick.dataset.hours));
    else {
      at.setDate(at.getDate() + 1);
      at.setHours(Number(quick.dataset.tomorrow), 0);
    }
    this.form.elements.namedItem(quick.parentElement.dataset.quick).value = localMinutes(at);
    this.keep();
  }

  async submit(event) {
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    try {
      await this.send(this.attempt, { ...this.values(), finish: event.submitter?.value === "finish" });
      localStorage.removeItem(this.key);
    } catch (error) {
      this.error.textContent = error.status ? error.message : this.words.not_saved;
      this.error.hidden = false;
    } finally {
      this.busy = false;
      this.after();
    }
  }
}
