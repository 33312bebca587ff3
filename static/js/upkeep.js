// Pages of groups and shelters: the map shows what is chosen, and a click on it fills in a point.

import { ticksOf } from "./forms.js";
import { onChanged, showRow } from "./work.js";
import { WorkMap } from "./workmap.js";

start();
wireMembers();

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

/** Members of a group: found by name, door or code, and what saving would do is told at each tick. */
function wireMembers() {
  document.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    if (target.id === "members-find") {
      const wanted = target.value.trim().toLowerCase();
      for (const item of document.querySelectorAll("[data-words]")) item.toggleAttribute("hidden", !(item.getAttribute("data-words") ?? "").toLowerCase().includes(wanted));
    }
    const list = target.closest("fieldset[data-list-of]");
    if (list) tellEffect(ticksOf(list));
  });
  document.addEventListener("keydown", (event) => {
    // Return in the search box must not save.
    if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.id === "members-find") event.preventDefault();
  });
}

/** @param {HTMLInputElement[]} ticks */
function tellEffect(ticks) {
  const note = document.getElementById("members-effect");
  if (!note) return;
  const joins = ticks.filter((tick) => tick.checked && !tick.defaultChecked);
  const leaves = ticks.filter((tick) => !tick.checked && tick.defaultChecked);
  const from = [...new Set(joins.map((tick) => tick.dataset.from ?? "").filter(Boolean))];
  const { joins: joining = "", leaves: leaving = "", from: coming = "", none = "" } = note.dataset;
  const told = [
    joins.length ? joining.replace("{count}", String(joins.length)) + (from.length ? coming.replace("{groups}", from.join("、")) : "") : "",
    leaves.length ? leaving.replace("{count}", String(leaves.length)) : "",
  ].filter(Boolean);
  note.textContent = told.join(" ") || none;
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
