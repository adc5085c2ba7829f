// What the candidate changes: who gains, who loses, and each difference under both configurations.

import { Newest } from "./api.js";
import { byId, counted, debounced, element, fill } from "./dom.js";
import { Paging } from "./paging.js";
import { onChange } from "./status.js";
import { isShown, onShown } from "./tabs.js";
import { layers } from "./trace.js";
import { STATES, badge, place } from "./words.js";

/** How long to wait before asking again whether the comparison is done */
const PAUSE = 500;

const details = new Newest();
const lists = {
  gains: { newest: new Newest(), page: 0, paging: null },
  losses: { newest: new Newest(), page: 0, paging: null },
};
let hasCandidate = false;
let timer = 0;
/** The button of the difference whose details are shown */
let chosen = null;

function say(text) {
  const region = byId("differences-state");
  if (region.textContent !== text) {
    region.textContent = text;
  }
}

function row(revision, change) {
  const more = change.morePrincipals > 0 ? ` and ${change.morePrincipals} more` : "";
  const button = element(
    "button",
    {
      type: "button",
      class: "change",
      "aria-expanded": "false",
      "aria-controls": "difference",
      onclick: () => choose(button, revision, change.number),
    },
    element("span", { class: "who-changes" }, change.principals.join(", ") + more),
    element("span", { class: "what" }, change.requests),
    element("span", { class: "how" }, `before: ${change.before}`),
    element("span", { class: "how" }, `after: ${change.after} `, place(change.place)),
  );
  return element("li", {}, button);
}

function showSettings({ settings, settingCount }) {
  byId("settings").hidden = settingCount === 0;
  const more = settingCount - settings.length;
  const last = more > 0 ? element("li", {}, `and ${more} more`) : null;
  const line = ({ text, mayAllow }) => element("li", {}, text, mayAllow ? " (may allow more)" : null);
  fill(byId("settings-list"), settings.map(line), last);
}

function summary(answer) {
  const said = [`${answer.gains} newly allowed, ${answer.losses} newly denied`];
  if (answer.settingCount > 0) {
    said.push(`${counted(answer.settingCount, "other change")}`);
  }
  if (answer.incomplete > 0) {
    said.push(`${counted(answer.incomplete, "caller")} not searched to the end`);
  }
  return `${said.join(". ")}.`;
}

async function showList(change) {
  const list = lists[change];
  const search = byId("differences-search").value;
  const answer = await list.newest.ask("differences", { change, search, page: list.page });
  if (!answer) {
    return;
  }
  if (answer.state === "working") {
    say(answer.all > 0 ? `Comparing: ${answer.done} of ${answer.all} searched …` : "Comparing …");
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
    return;
  }
  list.page = answer.position.page;
  const none = element("li", { class: "help" }, "nothing");
  const hadFocus = byId(change).contains(document.activeElement);
  fill(byId(change), answer.rows.length > 0 ? answer.rows.map((each) => row(answer.revision, each)) : none);
  if (hadFocus) {
    (byId(change).querySelector("button") ?? byId("differences-search")).focus();
  }
  list.paging.show(answer.position);
  say(summary(answer));
  showSettings(answer);
}

async function show() {
  if (!hasCandidate || !isShown("differences")) {
    return;
  }
  try {
    await Promise.all([showList("gains"), showList("losses")]);
  } catch (problem) {
    fill(byId("gains"));
    fill(byId("losses"));
    say(problem.message);
  }
}

function close() {
  const panel = byId("difference");
  const hadFocus = panel.contains(document.activeElement);
  chosen?.setAttribute("aria-expanded", "false");
  panel.hidden = true;
  if (hadFocus) {
    (chosen?.isConnected ? chosen : byId("differences-search")).focus();
  }
  chosen = null;
}

function answerOf(title, answer) {
  return element(
    "section",
    {},
    element("div", { class: "question-head" }, element("h4", {}, title), badge(STATES[answer.decision])),
    element("p", { class: "because" }, answer.statement ? `by ${answer.statement}` : "no statement allows it"),
    layers(answer.trace, answer.statement),
  );
}

function example({ principal, action, resource, resourceGroup, context }) {
  const facts = [
    ["caller", principal],
    ["action", action],
    ["resource", resource],
    ["group", resourceGroup ?? "none"],
    ...Object.entries(context).map(([key, values]) => [key, values.join(", ")]),
  ];
  return element("dl", { class: "facts" }, facts.map(([key, value]) => [element("dt", {}, key), element("dd", {}, value)]).flat());
}

async function choose(button, revision, number) {
  chosen?.setAttribute("aria-expanded", "false");
  chosen = button;
  button.setAttribute("aria-expanded", "true");
  const panel = byId("difference");
  const head = element(
    "div",
    { class: "details-head" },
    element("h3", { id: "difference-title", tabindex: -1 }, "One of these requests, under both"),
    element("button", { type: "button", class: "button", "aria-label": "Close the difference", onclick: close }, "Close"),
  );
  let content;
  try {
    const answer = await details.ask("difference", { revision, number });
    if (!answer) {
      return;
    }
    const more = answer.morePrincipals > 0 ? ` and ${answer.morePrincipals} more` : "";
    content = [
      example(answer.example),
      element("div", { class: "compared question" }, answerOf("As it is", answer.live), answerOf("Candidate", answer.candidate)),
      element("details", {}, element("summary", {}, "All callers"), element("p", {}, answer.principals.join(", ") + more)),
      element("details", {}, element("summary", {}, "The same on a command line"), element("pre", {}, answer.command)),
    ];
  } catch (problem) {
    content = [element("p", { class: "problem" }, problem.message)];
  }
  panel.hidden = false;
  fill(panel, head, content);
  byId("difference-title").focus();
}

export function startDifferences() {
  for (const [name, list] of Object.entries(lists)) {
    const what = name === "gains" ? "newly allowed" : "newly denied";
    list.paging = new Paging(byId(`${name}-paging`), what, (to) => {
      list.page = to;
      show();
    });
  }
  byId("differences-search").addEventListener(
    "input",
    debounced(() => {
      lists.gains.page = 0;
      lists.losses.page = 0;
      show();
    }, 200),
  );
  byId("difference").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
    }
  });
  onShown("differences", show);
  onChange(({ sides }) => {
    hasCandidate = Boolean(sides.candidate);
    byId("differences-none").hidden = hasCandidate;
    byId("differences-all").hidden = !hasCandidate;
    if (!byId("difference").hidden) {
      // It was about other configurations
      close();
    }
    show();
  });
}
