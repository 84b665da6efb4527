// Tables sort by a click on a column's head: numbers from the highest, text from A, then reversed.
(() => {
  "use strict";

  const compare = (first, second, numeric) =>
    numeric ? first - second : first.localeCompare(second, undefined, { numeric: true });

  function sort(table, head) {
    const column = head.cellIndex;
    const numeric = !head.classList.contains("text");
    const before = head.getAttribute("aria-sort");
    const ascending = before ? before === "descending" : !numeric;
    const key = (row) => row.cells[column].dataset.key;
    const rows = [...table.tBodies[0].rows].sort((one, two) => {
      if (key(one) === "" || key(two) === "") return (key(one) === "") - (key(two) === "");
      return compare(key(one), key(two), numeric) * (ascending ? 1 : -1);
    });
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    table.tBodies[0].append(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const head of table.tHead.rows[0].cells) {
      head.querySelector("button").addEventListener("click", () => sort(table, head));
    }
  }
})();
