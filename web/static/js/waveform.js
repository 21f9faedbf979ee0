// The waveform of a call: the agent above, the customer below, from the outline the archive keeps.

import { nonce } from "./base.js";
import WaveSurfer from "../lib/wavesurfer.esm.js";

const HEIGHT = 46;

/**
 * Draw the outline of both channels into #wave, in step with `audio`.
 * Gives the outline back, `[[low, high, …], …]` for each channel; null where there is none.
 */
export async function drawWave(audio, base, seconds, moved) {
  const response = await fetch(`${base}/peaks`);
  if (!response.ok) return null;
  const { peaks } = await response.json();
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const channel = (wave, progress) => ({ height: HEIGHT, waveColor: wave, progressColor: progress, normalize: true });
  const wave = WaveSurfer.create({
    container: "#wave",
    media: audio,
    peaks,
    duration: seconds,
    cspNonce: nonce,
    height: HEIGHT,
    cursorColor: colour("--ink"),
    cursorWidth: 2,
    splitChannels: peaks.map((_, index) =>
      index === 0 ? channel("#9dbbc6", colour("--accent")) : channel("#d9c3a0", colour("--warn")),
    ),
  });
  wave.on("interaction", moved);
  // A page may open at a second before anything is loaded: the cursor goes there, too.
  wave.on("ready", () => audio.dispatchEvent(new Event("timeupdate")));
  return peaks;
}
