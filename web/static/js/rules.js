// The page of a rule set: line numbers beside the text, problems that lead to their line, examples that play.

import { notice, send } from "./base.js";

const text = document.getElementById("yaml");
const lines = document.getElementById("lines");

function number() {
  const count = text.value.split("\n").length;
  lines.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
  lines.scrollTop = text.scrollTop;
}

text.addEventListener("input", number);
text.addEventListener("scroll", () => (lines.scrollTop = text.scrollTop));
number();

/** Put the caret at the beginning of a line, with the line in sight. */
function goTo(line) {
  const before = text.value.split("\n").slice(0, line - 1);
  const start = before.join("\n").length + (before.length ? 1 : 0);
  const end = text.value.indexOf("\n", start);
  text.focus();
  text.setSelectionRange(start, end < 0 ? text.value.length : end);
  const height = text.scrollHeight / text.value.split("\n").length;
  text.scrollTop = Math.max(0, (line - 4) * height);
}

const audio = new Audio();
audio.preload = "none";
audio.id = "example";
document.body.append(audio);
let until = Infinity;
audio.addEventListener("timeupdate", () => audio.currentTime >= until && audio.pause());
audio.addEventListener("error", () => audio.src && notice(document.getElementById("notices").dataset.failed));

async function play({ attempt, from, to }) {
  const source = `/qa/calls/${attempt}/audio`;
  if (!audio.src.endsWith(source)) audio.src = source;
  until = Number(to);
  audio.currentTime = Number(from);
  await audio.play();
  send(`/qa/calls/${attempt}/plays`, { second: Number(from) }).catch((error) => notice(error.message));
}

document.addEventListener("click", (event) => {
  const line = event.target.closest("[data-line]");
  if (line) {
    event.preventDefault();
    goTo(Number(line.dataset.line));
  }
  const example = event.target.closest(".play[data-attempt]");
  if (example) play(example.dataset).catch((error) => notice(error.message));
});
