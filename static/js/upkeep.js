// Pages of groups and shelters: the map shows what is chosen, and a click on it fills in a point.

import "./forms.js";
import { onChanged, showRow } from "./work.js";
import { WorkMap } from "./workmap.js";

start();

async function start() {
  const map = await WorkMap.open();
  if (!map) return;
  let shown = "";
  const follow = async () => {
    const within = document.querySelector("[data-within]")?.getAttribute("data-within") ?? "";
    const card = document.querySelector("#drawer [data-row-id]");
    const code = card?.getAttribute("data-code") ?? "";
    markRow(card?.getAttribute("data-row-id") ?? "");
    if (`${within} ${code}` === shown) return;
    shown = `${within} ${code}`;
    await map.drawFor(within);
    const point = pointOf(card?.getAttribute("data-point") ?? "");
    map.mark(point);
    map.select(point ? null : code || (within === map.drawn ? null : within));
    if (point) map.reveal(point, map.margins());
    else {
      const bounds = map.boundsOf(code) ?? map.boundsOf(code.slice(0, 15)) ?? map.boundsOf(within) ?? map.home;
      map.fit(bounds, map.margins());
    }
  };
  onChanged(() => void follow());
  map.onClick((point) => fillPoint(map, point));
  await follow();
}

/** @param {string} text @returns {import("./types.js").LonLat | null} */
function pointOf(text) {
  const [lon, lat] = text.split(",").map(Number);
  return text && lon !== undefined && lat !== undefined ? [lon, lat] : null;
}

/** A form that wants a point takes it from the map. @param {WorkMap} map @param {import("./types.js").LonLat} point */
function fillPoint(map, point) {
  const [lon, lat] = ["lon", "lat"].map((name) => document.querySelector(`#drawer input[name="${name}"]`));
  if (!(lon instanceof HTMLInputElement) || !(lat instanceof HTMLInputElement) || lon.offsetParent === null) return;
  lon.value = String(point[0]);
  lat.value = String(point[1]);
  map.mark(point);
}

/** @param {string} id */
function markRow(id) {
  document.querySelector('tr[aria-current="true"]')?.removeAttribute("aria-current");
  const row = id && document.getElementById(`row-${id}`);
  if (row) {
    row.setAttribute("aria-current", "true");
    showRow(row);
  }
}
