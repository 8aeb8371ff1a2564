"use strict";
// A click on a head sorts its table: smallest first, then largest first. What has no value stays last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const key = (row) => row.cells[column].dataset.value;
    const numeric = [...body.rows].every((row) => key(row) === "" || !Number.isNaN(Number(key(row))));
    const order = (a, b) => {
      if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
      const one = numeric ? Number(key(a)) - Number(key(b)) : key(a).localeCompare(key(b));
      return up ? one : -one;
    };
    body.append(...[...body.rows].sort(order));
  }));
}
