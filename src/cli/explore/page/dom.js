// Makes elements. Strings become text, never markup.

/**
 * An element with attributes and children: element("p", { class: "help" }, "text", other)
 * A property that starts with "on" is a listener; null and false leave an attribute out.
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : String(value));
    }
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

/** The element with an id */
export function byId(id) {
  return document.getElementById(id);
}

/** Replaces everything in an element */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
}

/** Calls a function once nothing has happened for a moment */
export function debounced(work, pause = 200) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, pause);
  };
}

/** A number with its noun: 1 object, 2 objects */
export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
