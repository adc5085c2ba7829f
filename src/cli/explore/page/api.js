// Asks the server that this page came from. Of several questions in a row only the newest is answered.

/** An answer that is none: what is wrong, and with which input */
export class Problem extends Error {
  constructor(message, field) {
    super(message);
    this.field = field;
  }
}

const PAUSED = "ramgate does not answer: it has ended, or this machine was asleep";

async function answered(path, options) {
  let response;
  try {
    response = await fetch(`api/${path}`, { ...options, credentials: "omit", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new Problem(PAUSED, null);
  }
  const type = response.headers.get("content-type");
  if (type !== "application/json") {
    throw new Problem(await response.text(), null);
  }
  const json = await response.json();
  if (json.error) {
    throw new Problem(json.error, json.field);
  }
  return json;
}

/** The state of both configurations */
export function status() {
  return answered("status", {});
}

/** Asks once */
export function ask(question, body, signal) {
  return answered(question, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

/** A channel of questions of which only the newest counts: ask() is undefined for every older one */
export class Newest {
  #controller = null;

  async ask(question, body) {
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    try {
      const answer = await ask(question, body, controller.signal);
      return controller === this.#controller ? answer : undefined;
    } catch (error) {
      if (controller !== this.#controller || error.name === "AbortError") {
        return undefined;
      }
      throw error;
    }
  }

  /** Nothing that was asked counts any more */
  cancel() {
    this.#controller?.abort();
    this.#controller = null;
  }
}
