// The live feed of the page, and the parts of the page that load anew when something happened.
//
//   live.on("attempt.", (event) => …)   event: {id, kind, subject, at, data}; kind "reset" after a gap
//   <section data-live-src="/…/part/x" data-live-on="attempt. alarm.">   loads itself anew

import { setServerNow, tick } from "./base.js";

// Signs of life come every 5 s: this long without one, and the news must be called old.
const SILENCE_MS = 8000;
const TRY_AGAIN_MS = 1500;
const GATHER_MS = 120;

const handlers = [];
let source = null;
let lastId = document.querySelector('meta[name="feed-position"]')?.content ?? "";
let heardAt = Date.now();
let ageThen = 0;
let wasLost = false;

export const live = {
  /** Call `handler(event)` for every event whose kind begins with `prefix`, and after every gap. */
  on(prefix, handler) {
    handlers.push({ prefix, handler });
  },
};

function tell(event) {
  for (const { prefix, handler } of handlers) {
    if (event.kind === "reset" || event.kind.startsWith(prefix)) handler(event);
  }
}

function connect() {
  source?.close();
  source = new EventSource(`/feed?last=${encodeURIComponent(lastId)}`);
  source.addEventListener("row", (message) => {
    heard(message, ageThen);
    tell({ id: Number(message.lastEventId), ...JSON.parse(message.data) });
  });
  source.addEventListener("beat", (message) => {
    const { now, age } = JSON.parse(message.data);
    setServerNow(now);
    heard(message, age);
  });
  source.addEventListener("reset", (message) => {
    heard(message, 0);
    tell({ kind: "reset", data: {} });
  });
  source.addEventListener("error", async () => {
    if (source.readyState !== EventSource.CLOSED) return;
    // The server answered something else than a feed: perhaps the login is over.
    const answer = await fetch("/session").catch(() => null);
    if (answer?.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    else setTimeout(connect, TRY_AGAIN_MS);
  });
}

function heard(message, age) {
  if (message.lastEventId) lastId = message.lastEventId;
  heardAt = Date.now();
  ageThen = age;
  watch();
}

function watch() {
  const bar = document.getElementById("feed-bar");
  const age = Date.now() - heardAt + ageThen;
  const lost = age > SILENCE_MS;
  if (bar) {
    bar.hidden = !lost;
    if (lost) bar.textContent = bar.dataset.text.replace("{n}", Math.round(age / 1000));
  }
  document.body.classList.toggle("feed-lost", lost);
  if (wasLost && !lost) tell({ kind: "reset", data: {} });
  wasLost = lost;
}

// --- parts of the page

class Part {
  constructor(element) {
    this.element = element;
    this.busy = false;
    this.wanted = false;
    this.timer = null;
    for (const prefix of (element.dataset.liveOn ?? "").split(/\s+/).filter(Boolean)) {
      live.on(prefix, () => this.want());
    }
    const seconds = Number(element.dataset.liveEvery ?? 0);
    if (seconds) setInterval(() => this.want(), seconds * 1000);
  }

  /** Load anew soon: many events at once make one request, and never two at a time. */
  want() {
    this.wanted = true;
    if (!this.busy) this.timer ??= setTimeout(() => this.load(), GATHER_MS);
  }

  async load() {
    this.timer = null;
    this.busy = true;
    this.wanted = false;
    try {
      const response = await fetch(this.element.dataset.liveSrc);
      if (response.ok) this.show(await response.text());
    } catch {
      // The bar of the feed tells it; the next sign of life loads every part anew.
    } finally {
      this.busy = false;
      if (this.wanted) this.want();
    }
  }

  show(html) {
    const scrolled = [...this.element.querySelectorAll("[data-keep-scroll]")].map((box) => box.scrollTop);
    const focused = this.element.contains(document.activeElement) ? document.activeElement.id : "";
    this.element.innerHTML = html;
    this.element.querySelectorAll("[data-keep-scroll]").forEach((box, n) => (box.scrollTop = scrolled[n] ?? 0));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    tick(this.element);
    this.element.dispatchEvent(new CustomEvent("live:loaded", { bubbles: true }));
  }
}

const parts = [...document.querySelectorAll("[data-live-src]")].map((element) => new Part(element));

/** Load the part with this element id anew, e.g. after an own change. */
export function reload(id) {
  parts.find((part) => part.element.id === id)?.want();
}

connect();
setInterval(watch, 500);
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => event.persisted && connect());
