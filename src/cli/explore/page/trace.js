// Shows what a decision rests on: the statement that decided, and what every other one wanted and found.

import { counted, element } from "./dom.js";
import { STATES, badge, place } from "./words.js";

const TYPES = {
  Root: "the account itself is bound by no policy",
  ControlPolicy: "control policies",
  SessionPolicy: "session policy",
  AssumeRolePolicy: "trust policy of the role",
  AccountLevelIdentityBasedPolicy: "policies for the whole account",
  ResourceGroupLevelIdentityBasedPolicy: "policies for the resource group",
};

function listed(values) {
  return values.length === 0 ? "absent" : values.join(", ");
}

function wantedAndFound({ element: name, wanted, got }) {
  return [
    element("span", { class: "element" }, name),
    element(
      "dl",
      { class: "facts" },
      element("dt", {}, "wanted"),
      element("dd", {}, listed(wanted)),
      element("dt", {}, "found"),
      element("dd", {}, listed(got)),
    ),
  ];
}

function statement(traced, decides) {
  const verb = traced.matches ? "matches" : "does not match";
  const head = element(
    "p",
    {},
    element("span", { class: "symbol", "aria-hidden": "true" }, traced.matches ? "✓ " : "✕ "),
    element("span", { class: "statement-name" }, traced.statement),
    ` (${traced.effect}) ${verb}${decides ? ", and decides" : ""} `,
    place(traced.place),
  );
  const facts = traced.matches ? (traced.conditions ?? []).map(wantedAndFound) : [wantedAndFound(traced)];
  const none = traced.matches && facts.length === 0 ? element("p", { class: "help" }, "without conditions") : null;
  return element("li", { class: decides ? "decides" : null }, head, facts.flat(), none);
}

/** A statement about other actions says nothing about this question */
function isAside(traced) {
  return !traced.matches && (traced.element === "Action" || traced.element === "NotAction");
}

function layer(traced, deciding) {
  const decides = (one) => traced.decides && one.matches && one.statement === deciding;
  const first = traced.statements.filter((one) => decides(one));
  const near = traced.statements.filter((one) => !decides(one) && !isAside(one));
  const aside = traced.statements.filter(isAside);
  const word = STATES[traced.decision].word;
  const shown = [...first, ...near].map((one) => statement(one, decides(one)));
  return element(
    "div",
    { class: "layer" },
    element("h5", {}, `${traced.scope}: ${word}${traced.decides ? ", which decides" : ""}`),
    shown.length > 0 ? element("ul", { class: "statements" }, shown) : null,
    traced.statements.length === 0 ? element("p", { class: "help" }, "no statement") : null,
    aside.length > 0
      ? element(
          "details",
          {},
          element("summary", {}, `${counted(aside.length, "statement")} about other actions`),
          element("ul", { class: "statements" }, aside.map((one) => statement(one, false))),
        )
      : null,
  );
}

/** All layers of a trace */
export function layers(trace, deciding) {
  return trace.map((each) => layer(each, deciding));
}

function because({ decision, statement: decided, policyType, trace }) {
  if (decided) {
    const all = trace.flatMap((each) => each.statements);
    const at = all.find((one) => one.statement === decided && one.matches)?.place;
    return element("p", { class: "because" }, `by ${decided} `, place(at));
  }
  const text = decision === "Allow" ? TYPES[policyType] : "no statement allows it";
  return element("p", { class: "because" }, text);
}

function context(values) {
  const all = Object.entries(values);
  return element(
    "details",
    {},
    element("summary", {}, `The request's ${counted(all.length, "condition key")}`),
    element("dl", { class: "facts" }, all.map(([key, texts]) => [element("dt", {}, key), element("dd", {}, listed(texts))]).flat()),
  );
}

/** A question to RAM with its answer */
export function question(asked) {
  const notes = [
    asked.boundary ? `${asked.principal} is a boundary of the namespace` : null,
    asked.newTags ? "as if the instance already had its new tags" : null,
    asked.resourceGroup ? `in resource group ${asked.resourceGroup}` : null,
  ].filter((note) => note);
  return element(
    "section",
    { class: "question" },
    element("div", { class: "question-head" }, element("h4", {}, asked.action), badge(STATES[asked.decision])),
    element("p", { class: "place" }, `${asked.principal} on ${asked.resource}`),
    notes.length > 0 ? element("p", { class: "help" }, notes.join(" · ")) : null,
    because(asked),
    layers(asked.trace, asked.statement),
    context(asked.context),
  );
}
