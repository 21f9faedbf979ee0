// The rules and the lines of the scorecard as one list: one of them is where the reviewer stands.

export class Items {
  // `moved(item)` is told where one stands now.
  constructor(side, moved) {
    this.side = side;
    this.moved = moved;
    this.at = side.querySelector(".item.is-first")?.id ?? side.querySelector(".item")?.id ?? "";
    this.mark();
    side.addEventListener("click", (event) => {
      const item = event.target.closest(".item");
      if (item && item.id !== this.at) this.stand(item);
    });
  }

  get all() {
    return [...this.side.querySelectorAll(".item")];
  }

  get current() {
    return document.getElementById(this.at);
  }

  /** So many items on, or back. */
  step(by) {
    const all = this.all;
    const place = all.indexOf(this.current) + by;
    if (all[place]) this.stand(all[place]);
  }

  /** To the next that waits for a person; from the last on to the first. Whether there is one. */
  nextOpen() {
    const all = this.all;
    const place = all.indexOf(this.current) + 1;
    const next = [...all.slice(place), ...all.slice(0, place)].find((item) => item.matches(".is-open"));
    if (next) this.stand(next);
    return Boolean(next);
  }

  /** To the first from the top that waits for a person. */
  firstOpen() {
    const first = this.all.find((item) => item.matches(".is-open"));
    if (first) this.stand(first);
  }

  stand(item) {
    this.at = item.id;
    this.mark();
    this.moved(item);
  }

  /** The server's newer state of all items; one stays where one was. */
  replace(html) {
    const scrolled = this.side.scrollTop;
    this.side.innerHTML = html;
    this.side.scrollTop = scrolled;
    this.mark();
  }

  mark() {
    for (const item of this.all) {
      const here = item.id === this.at;
      item.classList.toggle("is-here", here);
      if (here) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
    this.current?.scrollIntoView({ block: "nearest" });
  }
}
