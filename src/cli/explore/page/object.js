// The verdict on one object: decision, message, the lines to paste, and why.

import { counted, element } from "./dom.js";
import { question } from "./trace.js";
import { DECISIONS, badge } from "./words.js";

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy";
  }
}

function fix({ at, paste, remove }) {
  const parts = [];
  if (paste.length > 0) {
    const text = paste.join("\n");
    const button = element("button", { type: "button", class: "button", onclick: () => copy(text, button) }, "Copy");
    parts.push(
      element(
        "div",
        { class: "fix" },
        element("div", { class: "fix-head" }, element("p", {}, "Allowed with this under ", element("code", {}, at), ":"), button),
        element("pre", { tabindex: 0, role: "region", "aria-label": "Lines to paste" }, text),
      ),
    );
  }
  if (remove.length > 0) {
    parts.push(
      element("div", { class: "fix" }, element("p", {}, "Allowed without:"), remove.map((name) => element("pre", {}, name))),
    );
  }
  return parts;
}

/** What whoever applies the object reads: a sentence, then lines to paste and RAM's own fields */
function message(object) {
  if (!object.message || object.decision === "allowed" || object.decision === "nothing") {
    return null;
  }
  const [sentence, ...lines] = object.message.split("\n");
  return element(
    "div",
    { class: "message" },
    element("p", {}, sentence),
    lines.map((line) => element("p", { class: "place" }, line)),
  );
}

function allowedBy(object) {
  if (object.decision !== "allowed") {
    return null;
  }
  const by = object.allowedBy?.length > 0 ? ` by ${object.allowedBy.join(", ")}` : "";
  const who = object.principal ? ` to ${object.principal}` : "";
  return element("p", { class: "message" }, `${object.action ?? "It"} is allowed${who}${by}.`);
}

/** An object with everything that was found out about it */
export function objectVerdict(object) {
  const state = DECISIONS[object.decision];
  const questions = object.questions ?? [];
  return element(
    "article",
    { class: "object" },
    element("div", { class: "object-head" }, element("h5", {}, object.title), badge(state), element("span", { class: "place" }, `line ${object.line}`)),
    object.reason ? element("p", { class: "message" }, object.reason) : null,
    message(object),
    allowedBy(object),
    object.advice ? fix(object.advice) : null,
    (object.warnings ?? []).map((text) => element("p", { class: "warning" }, text)),
    questions.length > 0
      ? element(
          "details",
          { class: "why" },
          element("summary", {}, `Why: ${counted(questions.length, "question")} to RAM`),
          questions.map(question),
        )
      : null,
  );
}
