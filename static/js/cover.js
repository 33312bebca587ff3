// The coverage map: every place of the table in the look of its class, with its number; a click goes one level down.

import { byId } from "./dom.js";
import { go, onChanged } from "./work.js";
import { WorkMap } from "./workmap.js";

start();

async function start() {
  const map = await WorkMap.open();
  if (!map) return;
  // Colours mean one thing here, and names come with their numbers.
  map.setLayer("fills", false);
  map.setLayer("labels", false);
  map.setLayer("shelters", false);
  map.setLayer("groups", false);
  let within = "";
  const follow = async () => {
    const wanted = document.querySelector("[data-within]")?.getAttribute("data-within") ?? "";
    if (wanted.length >= 6) await map.drawFor(wanted);
    draw(map);
    if (wanted !== within) map.fit(map.boundsOf(wanted) ?? map.home, map.margins());
    map.select(wanted === map.drawn ? null : wanted);
    within = wanted;
    byId("map").dataset.within = within;
  };
  onChanged(() => void follow());
  map.onOverlayClick((code) => {
    const link = document.querySelector(`#row-${code} th a`);
    if (code.length === 15 && link) location.assign(/** @type {HTMLAnchorElement} */ (link).href);
    else void go(address(code), "list");
  });
  await follow();
}

/** @param {WorkMap} map */
function draw(map) {
  const rows = [...document.querySelectorAll("#list tr[data-cover]")];
  map.overlay(rows.flatMap((row) => {
    const code = row.id.slice(4);
    const coordinates = map.polygonsIn(code);
    const name = code.length === 15 ? code.slice(12) : row.getAttribute("data-name") ?? "";
    const look = /** @type {import("./types.js").Look} */ (`cover-${row.getAttribute("data-cover")}`);
    return coordinates.length > 0 ? [{ geometry: { type: "MultiPolygon", coordinates }, look, text: `${name} · ${row.getAttribute("data-text")}`, key: code }] : [];
  }));
}

/** This page's address one level down. @param {string} code */
function address(code) {
  const query = new URLSearchParams(location.search);
  query.set("within", code);
  query.delete("missing");
  return `${location.pathname}?${query}`;
}
