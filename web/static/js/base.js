// What every page needs: requests that carry the page's token, clocks that tick, notices.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** The token that every change must carry. */
export const csrf = meta("csrf");

/** The value to give libraries that add style elements. */
export const nonce = meta("nonce");

let offset = Number(meta("now")) - Date.now();

/** The server's clock, in milliseconds: this machine's own may be wrong. */
export function serverNow() {
  return Date.now() + offset;
}

/** Set the server's clock anew. */
export function setServerNow(milliseconds) {
  offset = milliseconds - Date.now();
}

/** An answer that is no success; `message` is the server's sentence. */
export class RequestFailed extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Send a change as JSON and give the answer's JSON back (null where there is none).
 * Throws RequestFailed with a sentence to show; status 0 means that the server was not reached.
 */
export async function send(path, body = {}, { method = "POST", signal } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new RequestFailed(0, noticeBox()?.dataset.failed ?? String(error));
  }
  const text = await response.text();
  const answer = text ? parse(text) : null;
  if (response.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  if (!response.ok) {
    throw new RequestFailed(response.status, answer?.error ?? noticeBox()?.dataset.failed ?? text);
  }
  return answer;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const noticeBox = () => document.getElementById("notices");

/** Show a sentence at the foot of the page for a while. */
export function notice(sentence, kind = "error") {
  const box = noticeBox();
  if (!box) return;
  const line = document.createElement("p");
  line.className = `notice ${kind}`;
  line.textContent = sentence;
  box.append(line);
  setTimeout(() => line.remove(), 8000);
}

/** 1:05 for 65 seconds, 1:01:05 for an hour and more. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/** Bring elements with data-since (counting up) or data-until (counting down) to the present. */
export function tick(root = document) {
  const now = serverNow();
  for (const element of root.querySelectorAll("[data-since], [data-until]")) {
    const { since, until, late } = element.dataset;
    const seconds = since ? (now - Number(since)) / 1000 : (Number(until) - now) / 1000;
    const text = duration(seconds);
    if (element.textContent !== text) element.textContent = text;
    if (late) element.classList.toggle("late", since ? seconds > Number(late) : seconds < Number(late));
  }
}

tick();
setInterval(tick, 500);
