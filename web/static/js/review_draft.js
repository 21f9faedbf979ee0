// What the reviewer decides, on its way to the server: one change a key, in order, and written down on this
// computer until the server has it. A reload, a lost network or a crash loses none.

import { send } from "./base.js";

const RETRY_MS = 2000;

export class Draft {
  // `on` has shown(answer), waiting(n), refused(sentence), elsewhere(sentence).
  constructor(base, revision, on) {
    this.base = base;
    this.revision = revision;
    this.on = on;
    this.key = `huifang.review.${base}`;
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
    if (this.read().length) this.flush();
  }

  /** Keep a change: `path` says what kind of. Resolves when nothing waits any more, or it cannot go on now. */
  put(path, change) {
    this.write([...this.read(), { path, change }]);
    return this.flush();
  }

  get waiting() {
    return this.read().length;
  }

  async flush() {
    if (this.sending) return this.sent;
    this.sending = true;
    this.sent = this.deliverAll().finally(() => (this.sending = false));
    return this.sent;
  }

  async deliverAll() {
    clearTimeout(this.timer);
    for (let [item] = this.read(); item && !this.stopped; [item] = this.read()) {
      this.on.waiting(this.waiting);
      try {
        const answer = await send(this.base + item.path, { ...item.change, revision: this.revision });
        this.revision = answer.revision;
        this.write(this.read().slice(1));
        // A newer change is on its way: what it brings is shown instead.
        if (!this.waiting) this.on.shown(answer);
      } catch (error) {
        if (error.status === 0 || error.status >= 500 || error.status === 401) {
          this.timer = setTimeout(() => this.flush(), RETRY_MS);
          break;
        }
        // The server has decided: it is not tried again.
        this.write([]);
        if (error.status === 409) {
          this.stopped = true;
          this.on.elsewhere(error.message);
        } else this.on.refused(error.message);
      }
    }
    this.on.waiting(this.waiting);
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }

  write(items) {
    if (items.length) localStorage.setItem(this.key, JSON.stringify(items));
    else localStorage.removeItem(this.key);
  }
}
