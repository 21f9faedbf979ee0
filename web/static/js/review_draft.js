// What the reviewer decides, on its way to the server: one change a key, in order, and written down on this
// computer until the server has it. A reload, a lost network or a crash loses none. Each page has a list of its own:
// what was decided on an old one is not sent by another as if it had been decided there.

import { send } from "./base.js";

const RETRY_MS = 2000;
// So long other pages have to say that they are there, before what they left is sent by this one.
const ANSWER_MS = 300;

export class Draft {
  // `on` has shown(answer), waiting(n), refused(sentence), elsewhere(sentence).
  constructor(base, revision, on) {
    this.base = base;
    this.on = on;
    this.prefix = `huifang.review.${base}`;
    this.key = `${this.prefix}.${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
    // What could not be saved because somebody saved elsewhere: kept apart until the reviewer decides on it.
    this.apart = `${this.prefix}.unsaved`;
    this.revision = revision;
    this.sending = false;
    this.stopped = false;
    window.addEventListener("online", () => this.flush());
    // A tab that opens the same call asks; who has it open already answers with the name of its list.
    this.others = new Set();
    this.tabs = new BroadcastChannel(this.prefix);
    this.tabs.addEventListener("message", ({ data }) => {
      if (data.opened) this.tabs.postMessage({ here: this.key });
      else this.others.add(data.here);
      this.on.elsewhere();
    });
    this.tabs.postMessage({ opened: true });
    this.ready = this.takeOver();
    this.ready.then(() => this.waiting && this.flush());
  }

  // What pages left that are gone: reloaded, closed or crashed before the server had it.
  async takeOver() {
    if (!this.left().length) return;
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    const left = this.left().map((key) => [key, this.read(key)]);
    if (!left.length) return;
    // It was decided on an earlier revision, perhaps: the server says whether it still fits.
    this.revision = left[0][1].at ?? this.revision;
    this.write([...left.flatMap(([, { items }]) => items), ...this.read().items]);
    for (const [key] of left) localStorage.removeItem(key);
  }

  left() {
    const ours = (key) => key === this.prefix || key.startsWith(`${this.prefix}.`);
    const taken = new Set([this.key, this.apart, ...this.others]);
    return Object.keys(localStorage).filter((key) => ours(key) && !taken.has(key)).sort();
  }

  /** Keep a change: `path` says what kind of. Resolves when nothing waits any more, or it cannot go on now. */
  put(path, change) {
    const key = this.stopped ? this.apart : this.key;
    this.write([...this.read(key).items, { path, change }], this.revision, key);
    this.tell();
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
    await this.ready;
    if (this.sending) return this.sent;
    this.sending = true;
    this.sent = this.deliverAll().finally(() => (this.sending = false));
    return this.sent;
  }

  async deliverAll() {
    clearTimeout(this.timer);
    for (let [item] = this.read().items; item && !this.stopped; [item] = this.read().items) {
      this.tell();
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
    this.tell();
  }

  tell() {
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
