// The review screen: one call, heard and judged by keyboard alone.

import { duration, notice, send } from "./base.js";
import { live } from "./live.js";
import { Words } from "./quality_player.js";
import { Draft } from "./review_draft.js";
import { Items } from "./review_items.js";
import { listen } from "./review_keys.js";
import { ReviewSound } from "./review_sound.js";
import { WordEditor } from "./review_words.js";
import { drawWave } from "./waveform.js";

// Heard before what a finding rests on. Seconds.
const BEFORE = 2;
// So often a call that plays is held for who listens to it.
const HOLD_MS = 5 * 60 * 1000;

const screen = document.querySelector(".review");
const { review, attempt } = screen.dataset;
const base = `/reviews/${review}`;
const calls = `/qa/calls/${attempt}`;
const turns = document.getElementById("turns");
const saved = document.getElementById("saved");
const say = screen.dataset;

let words = new Words(turns);
const sound = document.querySelector(".sound[data-seconds]") ? hear() : null;
const items = new Items(document.getElementById("side"), (item) => cue(item));
const draft = new Draft(base, Number(say.revision), {
  shown: (answer) => show(answer),
  waiting: (count) => {
    saved.textContent = count ? say.waiting.replace("{n}", count) : say.saved;
    saved.classList.toggle("is-waiting", count > 0);
  },
  refused: (sentence) => notice(sentence),
  elsewhere: (sentence) => elsewhere(sentence),
});
const editor = new WordEditor(turns, document.getElementById("word-dialog"), (word, heard, text) =>
  draft.put("/words", { segment: Number(word.g), word: Number(word.i), heard, text }),
);

if (draft.unsaved) elsewhere(say.unsaved.replace("{n}", draft.unsaved));
cue(items.current);
setInterval(hold, HOLD_MS);
listen(items, () => sound?.pressed(), () => draft.flush());
document.addEventListener("click", click);
document.getElementById("side").addEventListener("change", note);

// A corrected word has the call judged anew: what came of it is shown.
live.on("call.checked", async (event) => {
  if (event.subject !== attempt && event.kind !== "reset") return;
  const answer = await fetch(`${base}/part`);
  if (answer.ok && !draft.waiting) show(await answer.json());
});

function hear() {
  const box = document.querySelector(".sound[data-seconds]");
  const audio = new Audio();
  // Opening a review is listening to the call: the sound is fetched at once, so that a key plays it at once.
  audio.preload = "auto";
  audio.id = "sound";
  audio.src = `${calls}/audio`;
  box.append(audio);
  const clock = document.getElementById("at");
  const button = document.getElementById("play");
  const made = new ReviewSound(audio, {
    noted: (second) => send(`${calls}/plays`, { second }).catch((error) => notice(error.message)),
    moved: (second, playing) => {
      clock.textContent = duration(second);
      button.textContent = playing ? button.dataset.pause : button.dataset.play;
      words.show(second, playing);
    },
    failed: () => notice(document.getElementById("notices").dataset.failed),
  });
  const seconds = Number(box.dataset.seconds);
  drawWave(audio, calls, seconds, () => (made.player.until = Infinity)).then((peaks) => {
    if (peaks) made.hears(peaks, seconds, words.words);
  });
  return made;
}

// Where a rule's proof is, its sound waits two seconds before.
function cue(item) {
  const from = item?.dataset.from;
  if (from !== undefined) sound?.cue(Math.max(0, Number(from) - BEFORE));
}

function click(event) {
  const word = event.target.closest(".w");
  if (word) {
    // The second click of two marks the word, as browsers do; any other mark is somebody's who copies.
    if (event.detail !== 2 && !getSelection().isCollapsed) return;
    editor.pick(word);
    if (event.detail === 2) editor.open();
    else sound?.player.play(Number(word.dataset.s));
    return;
  }
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { act, by, change, from, to } = button.dataset;
  if (from !== undefined) sound?.player.play(Number(from), to === undefined ? Infinity : Number(to));
  else if (change) decide(JSON.parse(change));
  else if (act) ACTS[act](Number(by), button);
}

const ACTS = {
  play: () => sound?.player.toggle(),
  skip: (by) => sound?.player.skip(by),
  step: (by) => items.step(by),
  open: () => items.nextOpen() || notice(say.nothingOpen, "good"),
  proof: () => items.current?.querySelector(".proof:not(:disabled)")?.click(),
  faster: (by) => sound && (document.getElementById("speed").textContent = `${sound.faster(by)}×`),
  quiet: (_, button) => {
    if (!sound) return;
    sound.skipping = !sound.skipping;
    button.setAttribute("aria-pressed", String(sound.skipping));
  },
  word: (by) => editor.step(by, sound?.audio.currentTime ?? 0),
  edit: () => editor.open(sound?.audio.currentTime ?? 0),
  note: () => screen.querySelector(".item.is-here textarea, #note")?.focus(),
  help: () => document.getElementById("help").showModal(),
  clip: (_, button) => clip(button),
  submit: () => submit(),
  reload: () => {
    draft.rebase();
    location.reload();
  },
  forget: () => {
    draft.forget();
    location.reload();
  },
};

// What is typed is kept when one leaves the field.
function note(event) {
  const { note: kind, id } = event.target.dataset;
  if (kind) decide({ kind, id, note: event.target.value });
}

// Each press has a key of its own: sent twice, it counts once.
function decide(change) {
  draft.put("/draft", { ...change, key: Date.now().toString(36) + Math.random().toString(36).slice(2) });
}

async function hold() {
  if (!sound || sound.audio.paused || draft.stopped) return;
  await send(`${base}/hold`).catch((error) => error.status >= 400 && error.status < 500 && elsewhere(error.message));
}

function show({ side, turns: said }) {
  const typing = document.activeElement?.closest("#side textarea");
  if (side && !typing) items.replace(side);
  if (said) {
    const { scrollTop } = turns;
    turns.innerHTML = said;
    turns.scrollTop = scrolled(scrollTop);
    words = new Words(turns);
  }
}

const scrolled = (place) => Math.min(place, turns.scrollHeight);

// The proof of the rule one stands on, else what was heard just now.
async function clip(button) {
  const { from, to } = items.current?.querySelector(".proof")?.dataset ?? {};
  const now = sound?.audio.currentTime ?? 0;
  const span = from === undefined ? { start: Math.max(0, now - 10), end: now + 5 } : { start: Number(from), end: Number(to) };
  try {
    const answer = await send(`${base}/clips`, { kind: button.dataset.kind, rule: items.current?.dataset.rule ?? "", ...span });
    notice(answer.said, "good");
  } catch (error) {
    notice(error.message);
  }
}

async function submit() {
  document.activeElement?.blur();
  await draft.flush();
  if (draft.waiting) return;
  try {
    const { next } = await send(`${base}/submit`, { revision: draft.revision });
    location.assign(next);
  } catch (error) {
    if (error.status === 409) elsewhere(error.message);
    else notice(error.message);
    items.firstOpen();
  }
}

function elsewhere(sentence) {
  const bar = document.getElementById("elsewhere");
  if (sentence) bar.querySelector("span").textContent = sentence;
  bar.querySelector("[data-act=forget]").hidden = !draft.unsaved;
  bar.hidden = false;
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target.closest("[data-close]") && dialog.close(""));
}
document.addEventListener("keydown", (event) => {
  // Escape leaves a note: what was typed is kept.
  if (event.key === "Escape" && !event.isComposing) event.target.closest("textarea")?.blur();
});
