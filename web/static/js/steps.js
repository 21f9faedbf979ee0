// Steps in a call in progress: a press on [data-step] inside [data-attempt] sends it, with the phone or the
// tones that stand in the form around it.

import { notice, send } from "./base.js";

/** Watch `root`; `path(attempt)` is where steps go, `phone()` gives the phone to ring where no form does. */
export function takeSteps(root, path, { phone = () => "", done = () => {} } = {}) {
  const take = async (button) => {
    const { step, confirm: question } = button.dataset;
    const attempt = button.closest("[data-attempt]").dataset.attempt;
    const fields = button.closest("form")?.elements;
    const extension = fields?.extension?.value ?? phone(step);
    if (extension === null) return;
    if (question && !window.confirm(question)) return;
    button.disabled = true;
    try {
      await send(path(attempt), { step, extension, digits: fields?.digits?.value ?? "" });
      if (fields?.digits) fields.digits.value = "";
    } catch (error) {
      notice(error.message);
    } finally {
      button.disabled = false;
      done();
    }
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button && !button.disabled && button.closest("[data-attempt]")) {
      event.preventDefault();
      take(button);
    }
  });
}
