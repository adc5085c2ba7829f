// The matrix: a page of callers, what each may do, and the trace of the cell that somebody chooses.

import { Newest } from "./api.js";
import { byId, debounced, element, fill } from "./dom.js";
import { focused, restore, startGrid } from "./grid.js";
import { Paging } from "./paging.js";
import { onChange } from "./status.js";
import { suggest } from "./suggestions.js";
import { question } from "./trace.js";
import { LEGEND, STATES, badge, labelled } from "./words.js";

const rows = new Newest();
const cells = new Newest();
const inputs = {};
let columns = [];
let page = 0;
let paging = null;
/** The cell whose trace is shown */
let chosen = null;

function side() {
  return inputs.side.value;
}

function under() {
  return { tags: inputs.tags.value, group: inputs.group.value, role: inputs.role.value };
}

function complain(problem) {
  const said = byId("matrix-problem");
  said.hidden = !problem;
  said.textContent = problem ? problem.message : "";
  for (const [name, input] of Object.entries(inputs)) {
    input.setAttribute("aria-invalid", String(problem?.field === name));
  }
}

/** For what kind of pod the cells speak: without tags most policies with conditions allow nothing */
function describe() {
  const { tags, group, role } = under();
  const parts = [
    tags.trim() ? `with the tags ${tags.trim()}` : "without tags",
    group.trim() ? `in resource group ${group.trim()}` : "in the default resource group",
    role.trim() ? `with role ${role.trim()}` : null,
  ];
  byId("matrix-under").textContent = `For a pod ${parts.filter((part) => part).join(", ")}:`;
}

/** A name in camel case, which may break between its words */
function breakable(name) {
  return name.split(/(?=[A-Z])/).flatMap((word, at) => (at === 0 ? [word] : [element("wbr"), word]));
}

function head() {
  const titles = columns.map(({ action, title }) =>
    // Without a label the breaks would be blanks to a screen reader
    element("th", { scope: "col", "aria-label": `${title}, ${action}` }, title, element("span", { class: "action" }, breakable(action))),
  );
  fill(byId("matrix-head"), element("tr", {}, element("th", { scope: "col" }, "Caller"), titles));
}

function cell(principal, { action, title }, name) {
  const state = STATES[name];
  const isChosen = chosen?.principal === principal && chosen?.action === action;
  const button = element(
    "button",
    {
      type: "button",
      class: `cell ${state.style}`,
      tabindex: -1,
      "aria-label": `${principal}, ${title}: ${state.word}`,
      "aria-expanded": String(isChosen),
      "aria-controls": "cell",
      "data-principal": principal,
      "data-action": action,
      onclick: () => choose(button),
    },
    labelled(state),
  );
  return element("td", {}, button);
}

function row({ principal, subjects, moreSubjects, cells: names }) {
  const more = moreSubjects > 0 ? ` and ${moreSubjects} more` : "";
  const bound = subjects.length > 0 ? subjects.join(", ") + more : "not bound to anybody";
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, principal, element("span", { class: "subjects" }, bound)),
    names.map((name, at) => cell(principal, columns[at], name)),
  );
}

async function show() {
  describe();
  try {
    const answer = await rows.ask("matrix", { side: side(), under: under(), search: inputs.search.value, page });
    if (!answer) {
      return;
    }
    complain(null);
    page = answer.position.page;
    const body = byId("matrix-body");
    const at = focused(body);
    const none = element("tr", {}, element("td", { colspan: columns.length + 1, class: "empty" }, "Nobody has such a name."));
    fill(body, answer.rows.length > 0 ? answer.rows.map(row) : none);
    restore(body, at);
    paging.show(answer.position);
    byId("matrix").setAttribute("aria-rowcount", String(answer.position.total + 1));
    if (chosen) {
      showCell();
    }
  } catch (problem) {
    complain(problem);
  }
}

function turn(step) {
  page = Math.max(0, page + step);
  show();
}

function button({ principal, action }) {
  const all = [...byId("matrix-body").querySelectorAll("button")];
  return all.find((one) => one.dataset.principal === principal && one.dataset.action === action);
}

function choose(of) {
  const { principal, action } = of.dataset;
  if (chosen) {
    button(chosen)?.setAttribute("aria-expanded", "false");
  }
  chosen = { principal, action };
  of.setAttribute("aria-expanded", "true");
  showCell(true);
}

function close() {
  const was = chosen && button(chosen);
  chosen = null;
  cells.cancel();
  byId("cell").hidden = true;
  was?.setAttribute("aria-expanded", "false");
  // The cell may be on another page by now
  (was ?? byId("matrix-body").querySelector('button[tabindex="0"]'))?.focus();
}

async function showCell(takesFocus = false) {
  const panel = byId("cell");
  const { title } = columns.find(({ action }) => action === chosen.action);
  const head = (state) =>
    element(
      "div",
      { class: "details-head" },
      element("h3", { id: "cell-title", tabindex: -1 }, `${chosen.principal}: ${title}`, state ? [" ", badge(state)] : null),
      element("button", { type: "button", class: "button", "aria-label": "Close the trace", onclick: close }, "Close"),
    );
  let content;
  try {
    const answer = await cells.ask("cell", { side: side(), under: under(), ...chosen });
    if (!answer) {
      return;
    }
    const none = answer.state === "NotAsked" ? element("p", {}, "Write the name of a role above: then this says who may pass it.") : null;
    const unknown = answer.isKnown ? null : element("p", { class: "problem" }, "This caller is not in the directory any more.");
    const refusals = answer.refusals.map((text) => element("p", { class: "warning" }, text));
    content = [head(STATES[answer.state]), unknown, none, refusals, answer.questions.map(question)];
  } catch (problem) {
    content = [head(null), element("p", { class: "problem" }, problem.message)];
  }
  const hadFocus = panel.contains(document.activeElement);
  panel.hidden = false;
  fill(panel, content);
  if (takesFocus || hadFocus) {
    byId("cell-title").focus();
  }
}

export function startMatrix() {
  for (const name of ["search", "tags", "group", "role", "side"]) {
    inputs[name] = byId(`matrix-${name}`);
    const again = debounced(() => {
      page = 0;
      show();
    }, 150);
    inputs[name].addEventListener("input", again);
  }
  suggest(inputs.group, "group", side);
  suggest(inputs.role, "role", side);
  paging = new Paging(byId("matrix-paging"), "callers", (to) => {
    page = to;
    show();
  });
  startGrid(byId("matrix-body"), turn);
  byId("cell").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
    }
  });
  fill(byId("matrix-legend"), LEGEND.map(([name, text]) => element("span", {}, badge(STATES[name]), ` ${text}`)));
  onChange((status) => {
    columns = status.columns;
    byId("matrix-side-field").hidden = !status.sides.candidate;
    head();
    show();
  });
}
