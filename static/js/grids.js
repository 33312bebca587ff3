// The page of grids: the map follows the address, and a click on the map chooses a grid.

import "./forms.js";
import { get } from "./api.js";
import { byId } from "./dom.js";
import { go, onChanged, showRow } from "./work.js";
import { WorkMap } from "./workmap.js";

start();

async function start() {
  const map = await WorkMap.open();
  if (!map) return;
  let shown = { within: "", grid: "" };
  const follow = async () => {
    const { within, grid } = wanted();
    markRow(grid);
    if (within === shown.within && grid === shown.grid) return;
    const before = shown;
    shown = { within, grid };
    await map.drawFor(within);
    map.select(grid || (within === map.drawn ? null : within));
    const bounds = grid ? map.boundsOf(grid) : within !== before.within ? (map.boundsOf(within) ?? map.home) : null;
    if (bounds) map.fit(bounds, map.margins());
  };
  onChanged(follow);
  map.onClick(async ([lon, lat]) => {
    const { grid } = await get(`/api/v1/locate?lon=${lon}&lat=${lat}`);
    if (grid) choose(grid.code);
  });
  await follow();
}

/** What the page shows: the division of its list and the grid in its drawer. */
function wanted() {
  const within = document.querySelector("[data-within]")?.getAttribute("data-within") ?? byId("work").dataset.map ?? "";
  return { within, grid: document.querySelector("#drawer [data-code]")?.getAttribute("data-code") ?? "" };
}

/** @param {string} code */
function choose(code) {
  const query = new URLSearchParams(location.search);
  query.set("grid", code);
  void go(`${location.pathname}?${query}`, "drawer");
}

/** @param {string} grid */
function markRow(grid) {
  document.querySelector('tr[aria-current="true"]')?.removeAttribute("aria-current");
  const row = grid && document.getElementById(`row-${grid}`);
  if (row) {
    row.setAttribute("aria-current", "true");
    showRow(row);
  }
}
