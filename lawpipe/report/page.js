"use strict";
// Tables sort by a click on a column's head, and the page can be made light or dark. Without this script
// everything is there, in the order in which it was written.

// What a cell is sorted by: the number that it begins with, else its text; cells without a value come last.
const NUMBER = /^(?:[<>]|about|mean of)?\s*([-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?)/i;

function key(cell) {
  const text = cell.textContent.trim();
  if (text === "" || text === "-" || text === "never") return null;
  const found = NUMBER.exec(text);
  return found ? Number(found[1].replaceAll(",", "")) : text.toLowerCase();
}

function compare(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

function sortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const written = [...body.rows];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort ?? "none"];
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      let rows = written;
      if (next !== "none") {
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const keyed = written.map((row) => [key(row.cells[column]), row]);
        const known = keyed.filter(([value]) => value !== null).sort(([a], [b]) => sign * compare(a, b));
        rows = [...known, ...keyed.filter(([value]) => value === null)].map(([, row]) => row);
      }
      body.append(...rows);
    });
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);

// The dark rules are a style sheet that follows the system until the reader says otherwise; print is always light.
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

// On a narrow screen the contents start folded.
if (window.matchMedia("(max-width: 60rem)").matches) {
  document.querySelectorAll("nav details").forEach((each) => each.removeAttribute("open"));
}

// On paper nothing can be unfolded.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("main details").forEach((each) => { each.open = true; });
});
