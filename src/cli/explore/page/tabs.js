// Tabs, by the keys that the ARIA patterns give them: arrows, Home and End.

import { byId } from "./dom.js";

const listeners = new Map();

/** Calls a function whenever a panel comes into view */
export function onShown(name, work) {
  listeners.set(name, work);
}

/** Whether a panel is in view */
export function isShown(name) {
  return !byId(`panel-${name}`).hidden;
}

function show(tab, tabs) {
  for (const other of tabs) {
    const isSelected = other === tab;
    other.setAttribute("aria-selected", String(isSelected));
    other.tabIndex = isSelected ? 0 : -1;
    byId(other.getAttribute("aria-controls")).hidden = !isSelected;
  }
  listeners.get(tab.id.replace("tab-", ""))?.();
}

export function startTabs() {
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => show(tab, tabs));
    tab.addEventListener("keydown", (event) => {
      const last = tabs.length - 1;
      const next = {
        ArrowRight: at === last ? 0 : at + 1,
        ArrowLeft: at === 0 ? last : at - 1,
        Home: 0,
        End: last,
      }[event.key];
      if (next !== undefined) {
        event.preventDefault();
        tabs[next].focus();
        show(tabs[next], tabs);
      }
    });
  });
}
