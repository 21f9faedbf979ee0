// Answers on their way to the server. Each is written down on this computer before it is sent and
// crossed out once the server has it: a lost network, a refresh or a crash loses none.

const RETRY_MS = 2000;
const TIMEOUT_MS = 3000;
// What may go well later: signed out, page too old, time-outs, too many. Else a 4xx is final.
const PASSING = new Set([401, 403, 408, 429]);

export class Outbox {
  // `send(attempt, body, signal)` gives what was stored or throws with a status; `on` has saved (with whether
  // a newer answer waits), refused, changed.
  constructor(owner, send, on) {
    this.key = `huifang.answers.${owner}`;
    this.send = send;
    this.on = on;
    this.sending = false;
    // Of each question the answer that this page has brought to the server: the next one corrects it.
    this.brought = new Map();
    window.addEventListener("online", () => this.flush());
    window.addEventListener("storage", (event) => event.key === this.key && this.on.changed());
  }

  put(attempt, question, value) {
    const all = this.read();
    const key = `${attempt}/${question}`;
    // Two keys within a millisecond are two answers.
    const given = Math.max(Date.now(), (all[key]?.given ?? 0) + 1);
    all[key] = { attempt, question, value, given };
    this.write(all);
    this.on.changed();
    return this.flush();
  }

  waiting(attempt) {
    return Object.values(this.read()).filter((item) => item.attempt === attempt);
  }

  // One at a time and in order, so that a corrected answer never arrives before the first one.
  async flush() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      for (let item = this.oldest(); item; item = this.oldest()) {
        if (!(await this.deliver(item))) {
          this.failing = true;
          this.timer = setTimeout(() => this.flush(), RETRY_MS);
          break;
        }
        this.failing = false;
      }
    } finally {
      this.sending = false;
      this.on.changed();
    }
  }

  // True where the server has decided, either way.
  async deliver(item) {
    const key = `${item.attempt}/${item.question}`;
    const body = {
      question: item.question,
      value: item.value,
      age_ms: Math.max(0, Date.now() - item.given),
      after: this.brought.get(key) ?? null,
    };
    try {
      const stored = await this.send(item.attempt, body, AbortSignal.timeout(TIMEOUT_MS));
      this.brought.set(key, stored.given);
      this.cross_out(item);
      this.on.saved(item, stored, Boolean(this.read()[key]));
    } catch (error) {
      if (!(error.status >= 400 && error.status < 500) || PASSING.has(error.status)) return false;
      this.cross_out(item);
      this.on.refused(item, error.message);
    }
    return true;
  }

  cross_out(item) {
    const all = this.read();
    const key = `${item.attempt}/${item.question}`;
    // A newer answer to the same question stays.
    if (all[key]?.given === item.given) delete all[key];
    this.write(all);
  }

  oldest() {
    return Object.values(this.read()).sort((a, b) => a.given - b.given)[0];
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? {};
    } catch {
      return {};
    }
  }

  write(all) {
    localStorage.setItem(this.key, JSON.stringify(all));
  }
}
