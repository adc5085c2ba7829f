// The verdict on a manifest, while somebody writes it.

import { Newest } from "./api.js";
import { byId, counted, debounced, element, fill } from "./dom.js";
import { objectVerdict } from "./object.js";
import { onChange } from "./status.js";
import { suggest } from "./suggestions.js";
import { isShown, onShown } from "./tabs.js";

const SAMPLE = `apiVersion: v1
kind: Pod
metadata:
  name: worker
  namespace: default
  labels:
    eci: "true"
spec:
  containers:
    - name: app
      image: registry.example.com/app:1
`;

/** The configurations in the order in which they are shown */
const TITLES = { live: "As it is", candidate: "With the candidate" };

const newest = new Newest();
const inputs = {};

function who() {
  if (byId("who-principal").checked) {
    return { principal: inputs.principal.value };
  }
  return { user: { name: inputs.user.value, groups: inputs.groups.value.split(",") } };
}

/** Puts the caret where a fault is */
function goTo(line, column) {
  const lines = inputs.manifest.value.split("\n");
  const before = lines.slice(0, Math.max(0, line - 1)).reduce((sum, text) => sum + text.length + 1, 0);
  const at = before + Math.max(0, column - 1);
  inputs.manifest.focus();
  inputs.manifest.setSelectionRange(at, at);
}

function located(fault, word) {
  const about = fault.object ? `${fault.object}: ` : "";
  const text = `${word} in line ${fault.line}, column ${fault.column}: ${about}${fault.message}`;
  return element("button", { type: "button", class: "fault-link", onclick: () => goTo(fault.line, fault.column) }, text);
}

/** A note of `ramgate check` in the words of the page */
function withoutFlags(note) {
  return note
    .replace("give it with --objects", "write its manifest too")
    .replace("--as wants", "the page wants")
    .replace("--as ", "");
}

function side(name, answer, isOnly) {
  const title = isOnly ? null : element("h4", {}, TITLES[name]);
  if (answer.error) {
    return element("div", { class: "side" }, title, element("p", { class: "problem" }, answer.error));
  }
  const nothing = answer.objects.length === 0 && answer.failures.length === 0;
  return element(
    "div",
    { class: "side", "data-side": name },
    title,
    answer.failures.map((fault) => located(fault, "Error")),
    answer.objects.map(objectVerdict),
    answer.warnings.map((fault) => located(fault, "Warning")),
    answer.notes.map((note) => element("p", { class: "help" }, withoutFlags(note))),
    nothing ? element("p", { class: "help" }, "The text holds no Kubernetes object.") : null,
  );
}

function counts(answer) {
  if (answer.error) {
    return answer.error;
  }
  const of = (...words) => answer.objects.filter((object) => words.includes(object.decision)).length;
  const parts = [
    [of("denied"), "denied"],
    [of("allowed", "nothing", "recorded"), "allowed"],
    [of("notJudged", "unlisted"), "not judged"],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  if (answer.failures.length > 0) {
    said.push(counted(answer.failures.length, "error"));
  }
  return said.join(", ") || "nothing to judge";
}

function namesOf(sides) {
  return Object.keys(TITLES).filter((name) => sides[name]);
}

function summary(sides) {
  const names = namesOf(sides);
  const said = names.map((name) => (names.length > 1 ? `${TITLES[name]}: ` : "") + counts(sides[name]));
  return said.join(". ");
}

function say(text) {
  const region = byId("verdict-summary");
  if (region.textContent !== text) {
    region.textContent = text;
  }
}

/** Which explanations are open, so that they stay so while somebody writes */
function opened() {
  return [...byId("verdict-sides").querySelectorAll("details.why")].map((one) => one.open);
}

async function judge() {
  const fields = { user: inputs.user, principal: inputs.principal, manifest: inputs.manifest };
  const mark = (problem) => {
    for (const [name, input] of Object.entries(fields)) {
      // What is not written yet is not wrong yet
      input.setAttribute("aria-invalid", String(problem?.field === name && input.value !== ""));
    }
  };
  try {
    const body = { who: who(), operation: inputs.operation.value, manifest: inputs.manifest.value };
    const answer = await newest.ask("verdict", body);
    if (!answer) {
      return;
    }
    mark(null);
    const open = opened();
    const hadFocus = byId("verdict-sides").contains(document.activeElement);
    const names = namesOf(answer.sides);
    fill(byId("verdict-sides"), names.map((name) => side(name, answer.sides[name], names.length === 1)));
    byId("verdict-sides").querySelectorAll("details.why").forEach((one, at) => {
      one.open = open[at] ?? false;
    });
    if (hadFocus) {
      byId("verdict-title").focus();
    }
    say(summary(answer.sides));
  } catch (problem) {
    mark(problem);
    fill(byId("verdict-sides"));
    say(problem.message);
  }
}

export function startVerdict() {
  const names = {
    user: "verdict-user",
    groups: "verdict-user-groups",
    principal: "verdict-principal",
    operation: "verdict-operation",
    manifest: "manifest",
  };
  const soon = debounced(judge, 250);
  for (const [name, id] of Object.entries(names)) {
    inputs[name] = byId(id);
    inputs[name].addEventListener("input", soon);
  }
  inputs.manifest.value = SAMPLE;
  const live = () => "live";
  suggest(inputs.user, "user", live);
  suggest(inputs.principal, "principal", live);
  for (const radio of [byId("who-user"), byId("who-principal")]) {
    radio.addEventListener("change", () => {
      byId("who-user-fields").hidden = !byId("who-user").checked;
      byId("who-principal-fields").hidden = !byId("who-principal").checked;
      soon();
    });
  }
  onShown("verdict", judge);
  onChange(() => isShown("verdict") && judge());
}
