// Listening to calls, and taking part in them. The supervisor's own phone is kept in this browser.

import { notice } from "./base.js";
import { reload } from "./live.js";
import { takeSteps } from "./steps.js";

const KEY = "huifang.my-phone";
const calls = document.getElementById("calls");
const field = () => calls.querySelector("[name=my_phone]");

function restore() {
  if (field()) field().value = localStorage.getItem(KEY) ?? "";
}

calls.addEventListener("live:loaded", restore);
calls.addEventListener("input", (event) => {
  if (event.target === field()) localStorage.setItem(KEY, field().value.trim());
});
restore();

takeSteps(calls, (attempt) => `/supervisor/calls/${attempt}/steps`, {
  phone(step) {
    const mine = field()?.value.trim() ?? "";
    if (mine || step === "hang_up" || step === "leave") return mine;
    notice(field().dataset.missing);
    field().focus();
    return null;
  },
  done: () => reload("calls"),
});
