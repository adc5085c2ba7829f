// Words and symbols of decisions. A symbol never stands without its word.

import { element } from "./dom.js";

export const STATES = {
  Allow: { symbol: "✓", word: "allowed", style: "allow" },
  ExplicitDeny: { symbol: "✕", word: "explicit deny", style: "deny" },
  ImplicitDeny: { symbol: "○", word: "implicit deny", style: "none" },
  Refused: { symbol: "!", word: "refused by ECI", style: "deny" },
  NotAsked: { symbol: "·", word: "no role", style: "unasked" },
};

export const DECISIONS = {
  allowed: { symbol: "✓", word: "allowed", style: "allow" },
  denied: { symbol: "✕", word: "denied", style: "deny" },
  recorded: { symbol: "○", word: "allowed, and recorded", style: "none" },
  nothing: { symbol: "✓", word: "allowed, nothing to judge", style: "allow" },
  notJudged: { symbol: "·", word: "not judged", style: "unasked" },
  unlisted: { symbol: "!", word: "not judged, and its pods will be denied", style: "none" },
};

export const LEGEND = [
  ["Allow", "a statement allows it, and none denies it"],
  ["ExplicitDeny", "a statement denies it"],
  ["ImplicitDeny", "no statement allows it"],
];

/** Symbol and word, without a frame */
export function labelled({ symbol, word }) {
  return [element("span", { class: "symbol", "aria-hidden": "true" }, symbol), element("span", {}, word)];
}

/** Symbol and word in a frame */
export function badge(state) {
  return element("span", { class: `badge ${state.style}` }, labelled(state));
}

/** Where something is written */
export function place(at) {
  return at ? element("span", { class: "place" }, `${at.file}:${at.line}`) : null;
}
