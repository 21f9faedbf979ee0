// Plays a recording: from a place, up to a place, in step with whoever listens to its time.

export class Player {
  // `noted(second)` is told of every beginning; `moved(second, playing)` of every change of place.
  constructor(audio, { noted, moved, failed }) {
    this.audio = audio;
    this.noted = noted;
    this.moved = moved;
    this.failed = failed;
    this.until = Infinity;
    audio.addEventListener("play", () => {
      this.noted(audio.currentTime);
      this.follow();
    });
    for (const kind of ["pause", "seeked", "ended", "loadedmetadata"]) {
      audio.addEventListener(kind, () => this.tell());
    }
    // Frames stop in a hidden tab; this goes on there.
    audio.addEventListener("timeupdate", () => this.step());
    audio.addEventListener("error", () => this.failed());
  }

  play(from, until = Infinity) {
    this.until = until;
    this.audio.currentTime = from;
    // Playing already, `play` tells nothing: this is listening from another place all the same.
    if (!this.audio.paused) this.noted(from);
    this.start();
  }

  toggle() {
    this.until = Infinity;
    if (this.audio.paused) this.start();
    else this.audio.pause();
  }

  start() {
    this.audio.play().catch((error) => error.name !== "AbortError" && this.failed());
  }

  skip(seconds) {
    this.until = Infinity;
    this.audio.currentTime = Math.max(0, this.audio.currentTime + seconds);
    this.tell();
  }

  follow() {
    if (this.audio.paused) return;
    this.step();
    requestAnimationFrame(() => this.follow());
  }

  step() {
    if (!this.audio.paused && this.audio.currentTime >= this.until) {
      this.until = Infinity;
      this.audio.pause();
    }
    this.tell();
  }

  tell() {
    this.moved(this.audio.currentTime, !this.audio.paused);
  }
}

// The words of the page, marked while they are said.
export class Words {
  constructor(box) {
    this.box = box;
    this.words = [...box.querySelectorAll(".w")].map((element) => ({
      element,
      start: Number(element.dataset.s),
      end: Number(element.dataset.e),
    }));
    this.marked = new Set();
  }

  show(second, playing) {
    const now = new Set(this.words.filter((word) => word.start <= second && second < word.end).map((word) => word.element));
    for (const element of this.marked) if (!now.has(element)) element.classList.remove("is-now");
    for (const element of now) if (!this.marked.has(element)) element.classList.add("is-now");
    const [first] = now;
    const turn = first?.closest(".turn");
    if (playing && turn && turn !== this.turn) this.bringIntoView(turn);
    this.marked = now;
  }

  // The turn in which this second is, or the one before it.
  bringIntoViewAt(second) {
    const word = this.words.findLast((one) => one.start <= second) ?? this.words[0];
    if (word) this.bringIntoView(word.element.closest(".turn"));
  }

  // Moves the list only, never the page under the reader.
  bringIntoView(turn) {
    this.turn = turn;
    const [box, place] = [this.box.getBoundingClientRect(), turn.getBoundingClientRect()];
    if (place.top < box.top || place.bottom > box.bottom) this.box.scrollTop += place.top - box.top - box.height / 3;
  }
}
