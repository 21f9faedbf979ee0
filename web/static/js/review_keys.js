// Keys of the review screen. Every key is written on a button (data-key): the one of the item one stands on
// comes first, then the page's own. So what a key does is what its button does, and the help lists them all.

const EDITABLE = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]";
const NAMED = { " ": "space", ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", Enter: "enter" };
// With Shift these go on to the next that waits; what is missed there, as a reason, holds one back.
const VERDICT = /^[pfun]$/;
const ON = "on";

/** The name of the key; null where it is meant for what one types, or for an input method. */
export function keyOf(event) {
  if (event.isComposing || event.keyCode === 229 || event.key === "Process") return null;
  if (event.altKey || event.metaKey) return null;
  const name = NAMED[event.key] ?? (event.key.length === 1 ? event.key.toLowerCase() : null);
  if (!name) return null;
  if (event.ctrlKey) return name === "enter" ? "ctrl+enter" : null;
  if (event.target.closest(EDITABLE)) return null;
  // The browser itself presses the button that has the focus, and opens the link.
  if ((name === "space" || name === "enter") && event.target.closest("button, a, summary")) return null;
  return name;
}

/**
 * Press the button of each key; `before(name)` is told of it first. A digit may be meant for a button that comes
 * with the answer to the key before it: it waits for that (`settled()`), and the keys after it wait in order.
 */
export function listen(items, before, settled) {
  const waiting = [];
  const find = (name) => {
    const chosen = `[data-key="${CSS.escape(name)}"]:not(:disabled)`;
    return items.current?.querySelector(chosen) ?? document.querySelector(`${chosen}:not(.item *)`);
  };
  const press = (name) => {
    if (name === ON) {
      if (!items.current?.matches(".is-open")) find("x")?.click();
      return;
    }
    const button = find(name);
    if (button) before(name);
    button?.click();
  };
  const pressAll = async () => {
    while (waiting.length) {
      await settled();
      press(waiting.shift());
    }
  };
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const name = keyOf(event);
    if (!name) return;
    const later = waiting.length > 0 || (/^[1-9]$/.test(name) && !find(name));
    if (!later && !find(name)) return;
    event.preventDefault();
    const names = event.shiftKey && VERDICT.test(name) ? [name, ON] : [name];
    if (!later) press(names.shift());
    if (names.length && waiting.push(...names) === names.length) pressAll();
  });
}
