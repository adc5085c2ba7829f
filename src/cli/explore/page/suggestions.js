// Suggests names while somebody types one.

import { Newest } from "./api.js";
import { byId, debounced, element, fill } from "./dom.js";

/** Suggests names of a kind below an input; `side` says from which configuration */
export function suggest(input, kind, side) {
  const newest = new Newest();
  const list = byId(input.getAttribute("list"));
  const look = debounced(async () => {
    try {
      const answer = await newest.ask("names", { side: side(), kind, search: input.value });
      if (answer) {
        fill(list, answer.names.map(({ value, label }) => element("option", { value }, label)));
      }
    } catch {
      // Without suggestions the name can still be written
      fill(list);
    }
  }, 120);
  input.addEventListener("input", look);
  input.addEventListener("focus", look);
}
