// Steps in a call in progress: a press on [data-step] inside [data-attempt] sends it, with the phone or the
// tones or the number that stand in the form around it.

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
      const typed = (name) => fields?.[name]?.value ?? "";
      await send(path(attempt), { step, extension, digits: typed("digits"), number: typed("number") });
      for (const name of ["digits", "number"]) if (fields?.[name]) fields[name].value = "";
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

/** What was typed, chosen and had the focus in a part of the page goes on in the part that takes its place. */
export function keepPlace(old, fresh, focused) {
  for (const field of old.querySelectorAll("input[name], select[name]")) {
    const same = fresh.querySelector(`[name="${field.name}"]`);
    if (same && (same.type !== "select-one" || [...same.options].some((one) => one.value === field.value))) same.value = field.value;
  }
  if (!focused) return;
  const by = focused.name ? `[name="${focused.name}"]` : `[data-step="${focused.dataset.step}"]`;
  (fresh.querySelector(`${by}:enabled`) ?? fresh.querySelector("button:enabled"))?.focus();
}
