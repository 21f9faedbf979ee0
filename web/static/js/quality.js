// A call's page for QA: the waveform of both channels, the words in step with the sound, and clicks
// on words, evidence and answers that play them.

import { duration, notice, send } from "./base.js";
import { live } from "./live.js";
import { Player, Words } from "./quality_player.js";
import { drawWave } from "./waveform.js";

const sound = document.querySelector(".sound[data-attempt]");
const attempt = location.pathname.split("/").at(-1);
const player = sound ? await hear(sound) : null;

// What this page waits for has come.
for (const prefix of ["recording.archived", "recording.missing", "recording.failed", "transcript.", "early_clip.", "announcement.", "check.", "call.checked", "question_item.", "task."]) {
  live.on(prefix, (event) => {
    const mine = [event.subject, event.data.attempt_id, event.data.attempt].includes(attempt);
    if (mine && !listening() && !document.querySelector(".decide input")?.value) location.reload();
  });
}

/** Whether somebody listens now, to the recording or to what came before the answer. */
function listening() {
  return [...document.querySelectorAll("audio")].some((audio) => !audio.paused);
}

async function hear(box) {
  const base = `/qa/calls/${attempt}`;
  const audio = new Audio();
  // Nothing is fetched before somebody listens: fetching leaves a trace.
  audio.preload = "none";
  audio.id = "sound";
  audio.src = `${base}/audio`;
  box.append(audio);
  const button = document.getElementById("play");
  const clock = document.getElementById("at");
  const turns = document.getElementById("turns");
  const words = turns && new Words(turns);
  const made = new Player(audio, {
    noted: (second) => send(`${base}/plays`, { second }).catch((error) => notice(error.message)),
    moved: (second, playing) => {
      clock.textContent = duration(second);
      button.textContent = playing ? button.dataset.pause : button.dataset.play;
      words?.show(second, playing);
    },
    failed: () => notice(document.getElementById("notices").dataset.failed),
  });
  button.addEventListener("click", () => made.toggle());
  document.getElementById("speed").addEventListener("change", (event) => (audio.playbackRate = Number(event.target.value)));
  document.addEventListener("click", (event) => click(event, made));
  document.addEventListener("keydown", (event) => press(event, made));
  await drawWave(audio, base, Number(box.dataset.seconds), () => (made.until = Infinity));
  if (box.dataset.at) openAt(Number(box.dataset.at), made, words);
  return made;
}

/** A link led to this second: show it, and play from there at the first press. */
function openAt(second, made, words) {
  made.skip(second);
  made.audio.dispatchEvent(new Event("timeupdate")); // nothing is loaded, so the waveform is not told
  words?.bringIntoViewAt(second);
}

function click(event, made) {
  const word = event.target.closest(".w");
  if (word) {
    if (getSelection().isCollapsed) made.play(Number(word.dataset.s));
    return;
  }
  const place = event.target.closest("[data-from]");
  if (place && !place.disabled) {
    const { from, to } = place.dataset;
    made.play(Number(from), to === undefined ? Infinity : Number(to));
    return;
  }
  const skip = event.target.closest("[data-skip]");
  if (skip) made.skip(Number(skip.dataset.skip));
}

function press(event, made) {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input, select, textarea, button, a")) return;
  if (event.key === " ") made.toggle();
  else if (event.key === "ArrowLeft") made.skip(-5);
  else if (event.key === "ArrowRight") made.skip(5);
  else return;
  event.preventDefault();
}
