// Calls that the agent asks for: a number, a follow-up again, and Enter on the customer who lies before him.

import { notice, send } from "./base.js";

export class Dialling {
  // `look()` shows anew what the server says.
  constructor(root, look) {
    this.root = root;
    this.look = look;
    document.addEventListener("submit", (event) => this.submit(event));
    document.addEventListener("click", (event) => this.press(event));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  submit(event) {
    const form = event.target.closest("form[data-dial-number]");
    if (!form) return;
    event.preventDefault();
    this.dial({ number: new FormData(form).get("number") }, form.querySelector("button"));
  }

  press(event) {
    const button = event.target.closest("button[data-dial]");
    if (button && !button.disabled) this.dial({ follow_up: button.dataset.dial }, button);
  }

  // Enter anywhere but in a field or on another button is the call.
  key(event) {
    if (event.key !== "Enter" || event.repeat || this.root.dataset.phase !== "preview") return;
    if (event.target.closest("input, textarea, select, button, a")) return;
    const button = this.root.querySelector("button[data-call]:enabled");
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  async dial(wanted, button) {
    button.disabled = true;
    try {
      await send("/agent/dial", wanted);
    } catch (error) {
      notice(error.message);
    } finally {
      button.disabled = false;
      this.look();
    }
  }
}
