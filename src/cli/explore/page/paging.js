// The line below a list: which part of it is shown, and the ways to the others.

import { element, fill } from "./dom.js";

export class Paging {
  #go;
  #previous;
  #next;
  #said;
  #page = 0;

  constructor(parent, what, go) {
    this.#go = go;
    this.#said = element("span", { role: "status" });
    this.#previous = this.#button(`Previous ${what}`, "← Previous", -1);
    this.#next = this.#button(`Next ${what}`, "Next →", 1);
    this.#previous.hidden = true;
    this.#next.hidden = true;
    fill(parent, element("div", { class: "paging" }, this.#previous, this.#next, this.#said));
  }

  #button(label, text, step) {
    const turn = () => {
      // A disabled button would take the focus away, so that a keyboard would have to start anew
      if (button.getAttribute("aria-disabled") !== "true") {
        this.#go(this.#page + step);
      }
    };
    const button = element("button", { type: "button", class: "button", "aria-label": label, onclick: turn }, text);
    return button;
  }

  show({ page, pages, first, last, total }) {
    this.#page = page;
    this.#previous.setAttribute("aria-disabled", String(page === 0));
    this.#next.setAttribute("aria-disabled", String(page + 1 >= pages));
    const isOne = pages === 1;
    this.#previous.hidden = isOne;
    this.#next.hidden = isOne;
    const said = total === 0 ? "none" : `${first.toLocaleString("en")}–${last.toLocaleString("en")} of ${total.toLocaleString("en")}`;
    if (this.#said.textContent !== said) {
      this.#said.textContent = said;
    }
  }
}
