// What the reviewer decides, on its way to the server: one change a key, in order, and written down on this
// computer until the server has it. A reload, a lost network or a crash loses none.

import { send } from "./base.js";

const RETRY_MS = 2000;

export class Draft {
  // `on` has shown(answer), waiting(n), refused(sentence), elsewhere(sentence).
  constructor(base, revision, on) {
    this.base = base;
    this.on = on;
    this.key = `huifang.review.${base}`;
    // What could not be saved because somebody saved elsewhere: kept apart until the reviewer decides on it.
    this.apart = `${this.key}.unsaved`;
    // What waits here was decided on an earlier revision, perhaps: the server says whether it still fits.
    this.revision = this.read().at ?? revision;
    this.sending = false;
    this.stopped = false;
    window.addEventListener("online", () => this.flush());
    // A tab that opens the same call asks; who has it open already answers.
    this.tabs = new BroadcastChannel(this.key);
    this.tabs.addEventListener("message", ({ data }) => {
      if (data === "opened") this.tabs.postMessage("here");
      this.on.elsewhere();
    });
    this.tabs.postMessage("opened");
    if (this.waiting) this.flush();
  }

  /** Keep a change: `path` says what kind of. Resolves when nothing waits any more, or it cannot go on now. */
  put(path, change) {
    const key = this.stopped ? this.apart : this.key;
    this.write([...this.read(key).items, { path, change }], this.revision, key);
    return this.flush();
  }

  /** On a page that is loaded anew, what was kept apart goes upon what was saved elsewhere. */
  rebase() {
    this.write([...this.read(this.apart).items, ...this.read().items], null);
    this.forget();
  }

  /** What was kept apart is not wanted. */
  forget() {
    this.write([], null, this.apart);
  }

  get unsaved() {
    return this.read(this.apart).items.length;
  }

  get waiting() {
    return this.read().items.length;
  }

  async flush() {
    if (this.sending) return this.sent;
    this.sending = true;
    this.sent = this.deliverAll().finally(() => (this.sending = false));
    return this.sent;
  }

  async deliverAll() {
    clearTimeout(this.timer);
    for (let [item] = this.read().items; item && !this.stopped; [item] = this.read().items) {
      this.on.waiting(this.waiting);
      try {
        const answer = await send(this.base + item.path, { ...item.change, revision: this.revision });
        this.revision = answer.revision;
        this.write(this.read().items.slice(1));
        // A newer change is on its way: what it brings is shown instead.
        if (!this.waiting) this.on.shown(answer);
      } catch (error) {
        if (error.status === 0 || error.status >= 500 || error.status === 401) {
          this.timer = setTimeout(() => this.flush(), RETRY_MS);
          break;
        }
        if (error.status === 409 || error.status === 403) {
          this.stopped = true;
          this.write([...this.read(this.apart).items, ...this.read().items], null, this.apart);
          this.write([]);
          this.on.elsewhere(error.message);
        } else {
          // This one cannot be kept; those after it may.
          this.write(this.read().items.slice(1));
          this.on.refused(error.message);
        }
      }
    }
    this.on.waiting(this.stopped ? this.unsaved : this.waiting);
  }

  // {items, at: the revision on which the first of them was decided}
  read(key = this.key) {
    try {
      const { items = [], at } = JSON.parse(localStorage.getItem(key)) ?? {};
      return { items, at };
    } catch {
      return { items: [] };
    }
  }

  write(items, at = this.revision, key = this.key) {
    if (items.length) localStorage.setItem(key, JSON.stringify({ items, at }));
    else localStorage.removeItem(key);
  }
}
