// Sends the file with its progress; the page that follows shows how it is read.

import { csrf } from "./base.js";

const form = document.getElementById("send");
const trouble = document.getElementById("send-error");
const progress = document.getElementById("send-progress");
const failed = document.getElementById("notices")?.dataset.failed ?? "";

function show(sentence) {
  trouble.textContent = sentence;
  trouble.hidden = !sentence;
  progress.hidden = true;
  form.querySelector("button").disabled = false;
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  show("");
  form.querySelector("button").disabled = true;
  progress.hidden = false;
  progress.value = 0;
  // fetch tells nothing of how much has been sent.
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    progress.value = total ? loaded / total : 0;
  });
  request.addEventListener("load", () => {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // A proxy's page: the sentence below says what can be said.
    }
    if (request.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    else if (request.status === 200 && answer.location) location.assign(answer.location);
    else show(answer.error ?? failed);
  });
  request.addEventListener("error", () => show(failed));
  request.open("POST", form.getAttribute("action"));
  request.setRequestHeader("X-CSRF-Token", csrf);
  request.setRequestHeader("Accept", "application/json");
  request.send(new FormData(form));
});
