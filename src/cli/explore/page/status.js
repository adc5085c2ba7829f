// Follows the configurations: what they are, what is wrong with the newest documents, and when to ask again.

import { status } from "./api.js";
import { byId, counted, element, fill } from "./dom.js";

const INTERVAL = 2000;

const listeners = [];
let revision = null;
let shown = "";

/** Calls a function with the status, now and at each change of a configuration */
export function onChange(work) {
  listeners.push(work);
}

function described({ loaded }) {
  if (!loaded) {
    return "no valid configuration";
  }
  const parts = [
    `account ${loaded.account} in ${loaded.region}`,
    counted(loaded.people, "caller"),
    counted(loaded.policies, "policy").replace(/policys$/, "policies"),
  ];
  return parts.join(" · ");
}

function faultLine(fault) {
  const at = fault.line === 0 ? fault.file : `${fault.file}:${fault.line}:${fault.column}`;
  return element("li", {}, element("span", { class: "place" }, at), ` ${fault.message}`);
}

function faultList(title, side) {
  if (!side || side.faultCount === 0) {
    return null;
  }
  const more = side.faultCount - side.faults.length;
  const last = more > 0 ? element("li", {}, `and ${more} more`) : null;
  const kept = side.loaded ? "the last good configuration is shown" : "nothing can be shown of it";
  return element("div", {}, element("p", {}, `${title}: ${kept}`), element("ul", {}, side.faults.map(faultLine), last));
}

function showFaults({ live, candidate }) {
  const lists = [faultList("As it is", live), faultList("Candidate", candidate)].filter((list) => list);
  byId("faults").hidden = lists.length === 0;
  fill(byId("faults-list"), lists);
}

function say(text) {
  // A live region speaks whenever it is written
  if (text !== shown) {
    shown = text;
    byId("status").textContent = text;
  }
}

async function look() {
  try {
    const now = await status();
    say(described(now.sides.live));
    if (now.revision !== revision) {
      revision = now.revision;
      showFaults(now.sides);
      for (const work of listeners) {
        work(now);
      }
    }
  } catch (problem) {
    say(problem.message);
  }
}

export async function startStatus() {
  await look();
  setInterval(() => {
    if (!document.hidden) {
      look();
    }
  }, INTERVAL);
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
