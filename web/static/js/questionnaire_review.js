// The end of a questionnaire: what to repeat to the customer, and every answer once more.

import { make } from "./questionnaire_fields.js";

/** Whether an answer is a dissatisfied one. */
export function badIn(question, value) {
  if (question.type === "identity") return value === "no";
  if (!value || question.type === "ranking") return false;
  const chosen = question.type === "multiple" ? value.split(",") : [value];
  return question.choices.some((choice) => choice.bad && chosen.includes(choice.value));
}

/** An answer in words. */
export function inWords(question, value, words) {
  if (!value) return words.none;
  if (question.type === "identity") return words[`identity_${value}`];
  if (!question.choices.length) return value;
  const label = (one) => question.choices.find((choice) => choice.value === one)?.label ?? one;
  const labels = question.type === "multiple" || question.type === "ranking" ? value.split(",").map(label) : [label(value)];
  return labels.join(question.type === "ranking" ? " > " : words.comma);
}

export function drawReview(it) {
  const { words, questions, answers } = it;
  const missing = questions.filter((question) => question.required && !answers[question.id]?.value);
  const line = make("p", missing.length ? "q-end is-open" : "q-end is-done");
  line.textContent = missing.length ? words.missing.replace("{n}", missing.length) : words.complete;
  it.body.append(line, recap(it), list(it));
}

// What was said badly and what was promised: repeated to the customer before the end.
function recap({ words, questions, answers, acts }) {
  const box = make("section", "q-recap");
  const bad = questions.filter((question) => badIn(question, answers[question.id]?.value));
  if (bad.length) {
    box.append(make("h3", "", words.said_badly));
    const said = make("ul");
    for (const question of bad) {
      const item = make("li");
      const text = question.type === "identity" ? words.identity_ask : question.ask;
      item.append(`${text} `, make("b", "", inWords(question, answers[question.id].value, words)));
      said.append(item);
    }
    box.append(said);
  } else {
    box.append(make("p", "muted", words.nothing_bad));
  }
  const promised = acts.promised();
  if (promised) {
    box.append(make("h3", "", words.promised), make("p", "q-promised", promised));
  }
  return box;
}

function list(it) {
  const { words, questions, answers } = it;
  const rows = make("ol", "q-review");
  for (const question of questions) {
    const value = answers[question.id]?.value;
    const row = make("button", "q-row");
    row.type = "button";
    if (badIn(question, value)) row.classList.add("is-bad");
    if (!value) row.classList.add("is-missing");
    row.append(
      make("span", "q-number", question.number),
      make("span", "q-row-ask", question.type === "identity" ? words.identity_ask : question.ask),
      make("span", "q-row-value", inWords(question, value, words)),
    );
    row.addEventListener("click", () => it.go(question.id));
    const item = make("li");
    item.append(row);
    rows.append(item);
  }
  return rows;
}
