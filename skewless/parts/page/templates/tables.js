// Sorts a table by a click on a column's name, and keeps the rows of all tables that contain what is typed.
// Without this script the page is the same, in the order in which it was written.
"use strict";
const nothing = new Set(["", "-"]);

function key(row, place) {
  const cell = row.cells[place], text = cell.textContent.trim();
  const isNumber = cell.classList.contains("number");
  if (isNumber) return cell.dataset.number === undefined ? null : Number(cell.dataset.number);
  return nothing.has(text) ? null : text;
}

function compare(one, other) {
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
}

function sort(table, rows, header) {
  const isDown = header.getAttribute("aria-sort") === "ascending";
  const keyed = rows.map(row => [key(row, header.cellIndex), row]);
  const told = keyed.filter(([value]) => value !== null);
  const rest = keyed.filter(([value]) => value === null);
  told.sort(([one], [other]) => (isDown ? compare(other, one) : compare(one, other)));
  for (const each of header.parentNode.cells) each.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  table.tBodies[0].append(...[...told, ...rest].map(([, row]) => row));
}

function filterBox(rows) {
  const box = document.createElement("label"), input = document.createElement("input");
  const count = document.createElement("output");
  input.type = "search";
  input.placeholder = "only rows with …";
  box.className = "filter";
  box.append("Filter ", input, count);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const shown = rows.filter(row => !row.hidden).length;
    count.textContent = wanted ? `${shown} of ${rows.length} rows` : "";
  });
  return box;
}

const all = [];
for (const table of document.querySelectorAll("table")) {
  const rows = [...table.tBodies[0].rows];
  all.push(...rows);
  for (const header of rows.length > 1 ? table.tHead.rows[0].cells : []) {
    if (header.classList.contains("picture")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(table, rows, header));
    header.append(button);
  }
}
if (all.length > 1) document.querySelector("header").after(filterBox(all));
