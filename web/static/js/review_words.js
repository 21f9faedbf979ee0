// A word that was heard wrongly is put right: picked, typed over, and the call is judged anew at once.

export class WordEditor {
  // `keep(word, heard, text)` sends it: the word's place, what stands there, what was said.
  constructor(box, dialog, keep) {
    this.box = box;
    this.dialog = dialog;
    this.field = dialog.querySelector("input");
    this.was = dialog.querySelector(".word-was");
    this.picked = null;
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "keep" || !this.picked) return;
      const text = this.field.value.trim();
      if (text && text !== this.picked.textContent) keep(this.picked.dataset, this.picked.textContent, text);
    });
    dialog.querySelector("form").addEventListener("submit", (event) => {
      // Enter that ends an input method's choice sends nothing.
      if (this.composing) event.preventDefault();
    });
    this.field.addEventListener("compositionstart", () => (this.composing = true));
    this.field.addEventListener("compositionend", () => setTimeout(() => (this.composing = false)));
    dialog.addEventListener("click", (event) => event.target.closest("[data-close]") && dialog.close(""));
  }

  get words() {
    return [...this.box.querySelectorAll(".w")];
  }

  pick(word) {
    this.picked?.classList.remove("is-picked");
    this.picked = word ?? null;
    this.picked?.classList.add("is-picked");
    this.picked?.scrollIntoView({ block: "nearest" });
  }

  /** The word that is said at this second, or the next one. */
  pickAt(second) {
    this.pick(this.words.find((word) => Number(word.dataset.e) > second + 0.01));
  }

  /** So many words on, or back; from where the sound is while none is picked. */
  step(by, second) {
    if (!this.picked?.isConnected) return this.pickAt(second);
    const words = this.words;
    const next = words[words.indexOf(this.picked) + by];
    if (next) this.pick(next);
  }

  open(second) {
    if (!this.picked?.isConnected) this.pickAt(second);
    if (!this.picked || this.dialog.open) return;
    const { was } = this.picked.dataset;
    this.field.value = this.picked.textContent;
    this.was.textContent = was ?? this.picked.textContent;
    this.dialog.returnValue = "";
    this.dialog.showModal();
    this.field.select();
  }
}
