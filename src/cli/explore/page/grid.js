// The keys of a grid: one stop for the Tab key, arrows within it, Home and End in a row, with Ctrl in the whole grid.

/** Gives a table of buttons the keys of a grid; `turn` goes one page on or back */
export function startGrid(body, turn) {
  body.addEventListener("keydown", (event) => {
    const button = event.target.closest("button");
    const to = button && target(body, button, event);
    if (to) {
      event.preventDefault();
      choose(body, to);
      to.focus();
    } else if (button && (event.key === "PageDown" || event.key === "PageUp")) {
      event.preventDefault();
      turn(event.key === "PageDown" ? 1 : -1);
    }
  });
  body.addEventListener("focusin", (event) => {
    const button = event.target.closest("button");
    if (button) {
      choose(body, button);
    }
  });
}

/** The buttons of each row; a row that only says something has none */
function rows(body) {
  return [...body.rows].map((row) => [...row.querySelectorAll("button")]).filter((row) => row.length > 0);
}

function target(body, button, { key, ctrlKey }) {
  const all = rows(body);
  const y = all.findIndex((row) => row.includes(button));
  const x = all[y].indexOf(button);
  const last = all.length - 1;
  const end = all[y].length - 1;
  switch (key) {
    case "ArrowRight":
      return all[y][Math.min(x + 1, end)];
    case "ArrowLeft":
      return all[y][Math.max(x - 1, 0)];
    case "ArrowDown":
      return all[Math.min(y + 1, last)][x];
    case "ArrowUp":
      return all[Math.max(y - 1, 0)][x];
    case "Home":
      return ctrlKey ? all[0][0] : all[y][0];
    case "End":
      return ctrlKey ? all[last][end] : all[y][end];
    default:
      return null;
  }
}

/** Makes a button the one that the Tab key stops at */
function choose(body, button) {
  for (const other of body.querySelectorAll('button[tabindex="0"]')) {
    other.tabIndex = -1;
  }
  button.tabIndex = 0;
}

/** Where the focus is in a grid, as row and column; null if it is elsewhere */
export function focused(body) {
  const all = rows(body);
  const y = all.findIndex((row) => row.includes(document.activeElement));
  return y < 0 ? null : { y, x: all[y].indexOf(document.activeElement) };
}

/** Makes the first button the stop of the Tab key, or the one where the focus was, which it gets again */
export function restore(body, at) {
  const all = rows(body);
  if (all.length === 0) {
    return;
  }
  const row = all[Math.min(at?.y ?? 0, all.length - 1)];
  const button = row[Math.min(at?.x ?? 0, row.length - 1)];
  button.tabIndex = 0;
  if (at) {
    button.focus();
  }
}
