"use strict";
// A click on the head of a column sorts a table, and a button switches between a light and a dark page.
// Without this script the page shows the same content, in its original order.

// The sort key of a cell: the number at its beginning, otherwise its text; null, which comes last, without a value.
const NUMBER = /^(?:[<>]|about|mean of)?\s*([-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?)/i;

function key(cell) {
  const text = cell.textContent.trim();
  if (text === "" || text === "-" || text === "never") return null;
  const number = NUMBER.exec(text);
  return number ? Number(number[1].replaceAll(",", "")) : text.toLowerCase();
}

function compare(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

function sortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const original = [...body.rows];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort ?? "none"];
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      let rows = original;
      if (next !== "none") {
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const keyed = original.map((row) => [key(row.cells[column]), row]);
        const known = keyed.filter(([value]) => value !== null).sort(([a], [b]) => sign * compare(a, b));
        rows = [...known, ...keyed.filter(([value]) => value === null)].map(([, row]) => row);
      }
      body.append(...rows);
    });
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);

// The dark style sheet follows the system until the reader clicks the button. Print is always light.
const dark = document.getElementById("dark");
const theme = document.getElementById("theme");
const system = window.matchMedia("(prefers-color-scheme: dark)");
let isDark = system.matches;

function show() {
  dark.media = isDark ? "screen" : "not all";
  theme.textContent = isDark ? "Light page" : "Dark page";
}

theme.addEventListener("click", () => { isDark = !isDark; show(); });
system.addEventListener("change", () => { isDark = system.matches; show(); });
theme.hidden = false;
show();

// On a narrow screen the contents are folded at first.
if (window.matchMedia("(max-width: 60rem)").matches) {
  document.querySelectorAll("nav details").forEach((details) => details.removeAttribute("open"));
}

// Folded parts are printed in full.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("main details").forEach((details) => { details.open = true; });
});
