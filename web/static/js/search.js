// Places of calls that are heard from their word: one sound for the whole list.

import { notice, send } from "./base.js";

const audio = new Audio();
audio.preload = "none";
audio.id = "sound";
document.body.append(audio);
let playing = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play]");
  if (!button) return;
  if (button === playing) stop();
  else play(button);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});

audio.addEventListener("ended", stop);

async function play(button) {
  stop();
  const { play: attempt, from } = button.dataset;
  playing = button;
  button.classList.add("is-playing");
  audio.src = `/qa/calls/${attempt}/audio#t=${from}`;
  try {
    await audio.play();
    await send(`/qa/calls/${attempt}/plays`, { second: Number(from) });
  } catch (error) {
    if (error.name !== "AbortError") {
      notice(error.message);
      stop();
    }
  }
}

function stop() {
  playing?.classList.remove("is-playing");
  playing = null;
  audio.pause();
}
