// The sound of the review screen: there before it is asked for, at up to twice the speed with its pitch kept,
// and without the silences where one wants that.

import { Player } from "./quality_player.js";

export const SPEEDS = [1, 1.25, 1.5, 1.75, 2];
// Louder than this share of full scale is sound.
const SOUND = 0.02;
// So long a silence is skipped, up to so long before the next sound. Seconds.
const LONG_SILENCE = 1.2;
const BEFORE_SOUND = 0.25;

export class ReviewSound {
  // `on` has noted(second), moved(second, playing), failed().
  constructor(audio, on) {
    this.audio = audio;
    this.player = new Player(audio, {
      ...on,
      moved: (second, playing) => {
        if (playing) this.hop(second);
        on.moved(second, playing);
      },
    });
    this.silences = [];
    this.skipping = false;
    this.keyed = 0;
    audio.preservesPitch = true;
    audio.addEventListener("playing", () => this.measure());
  }

  /** A key was pressed now that may start the sound. */
  pressed() {
    this.keyed = performance.now();
  }

  // How long it took from the key to the sound, for whoever wants to know (performance entries).
  measure() {
    if (this.keyed) performance.measure("review-sound", { start: this.keyed, end: performance.now() });
    this.keyed = 0;
  }

  /** Be at this second; go on from there where it plays. */
  cue(second) {
    if (this.audio.paused) {
      this.player.until = Infinity;
      this.audio.currentTime = second;
    } else this.player.play(second);
  }

  faster(by) {
    const place = SPEEDS.indexOf(this.audio.playbackRate) + by;
    if (SPEEDS[place]) this.audio.playbackRate = SPEEDS[place];
    return this.audio.playbackRate;
  }

  /** Learn where nothing is heard: the outline of both channels, and the words of both. */
  hears(peaks, seconds, words) {
    const count = Math.max(...peaks.map((channel) => channel.length / 2));
    const loud = Array.from({ length: count }, (_, place) =>
      peaks.some((channel) => Math.max(-channel[2 * place], channel[2 * place + 1]) > SOUND),
    );
    const width = seconds / count;
    for (const { start, end } of words) {
      loud.fill(true, Math.floor(start / width), Math.ceil(end / width));
    }
    let from = 0;
    for (let place = 0; place <= count; place += 1) {
      if (place < count && !loud[place]) continue;
      const silence = { from: from * width, to: place * width };
      if (silence.to - silence.from >= LONG_SILENCE) this.silences.push(silence);
      from = place + 1;
    }
  }

  hop(second) {
    if (!this.skipping) return;
    const silence = this.silences.find(({ from, to }) => from <= second && second < to - BEFORE_SOUND);
    if (silence && silence.to - BEFORE_SOUND < Math.min(this.player.until, this.audio.duration)) {
      this.audio.currentTime = silence.to - BEFORE_SOUND;
    }
  }
}
