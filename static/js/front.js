// The front page: the map, what is chosen on it, and the address that says both.

import { ApiError, get } from "./api.js";
import { writeCoordinates } from "./coordinates.js";
import { byId, h } from "./dom.js";
import { itemsOf } from "./find.js";
import { baseSwitches, layerSwitches, legendKeys } from "./legend.js";
import { CommandMap } from "./map.js";
import { onThemeChange, shownTheme } from "./mapstyle.js";
import { t } from "./messages.js";
import { chain, errorPanel, errorText, heading, itemPanel, numbers, placePanel, skeleton } from "./panel.js";
import { attachSearch } from "./search.js";
import { readState, writeState } from "./viewstate.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").LonLat} LonLat */
/** @typedef {import("./types.js").MapDocument} MapDocument */

/** @type {{within: string, tianditu_key: string | null}} */
const page = JSON.parse(byId("page").textContent ?? "{}");
const note = byId("map-note");
const panel = byId("panel");
const body = byId("panel-body");

/** @type {Map<string, Item>} */
let items = new Map();
let version = 0;
/** @type {{code: string | null, point: LonLat | null}} */
let chosen = { code: null, point: null };
/** What was asked last; an answer to an earlier question is dropped. @type {AbortController | null} */
let asking = null;

start().catch((error) => tell(error instanceof ApiError ? errorText(error, page.within) : String(error), "error", load));

async function start() {
  const slow = setTimeout(() => tell(t("map.loading")), 200);
  const [style, document_] = await Promise.all([get("/static/mapstyle.json"), get(`/map-data/${page.within}.json`)]);
  clearTimeout(slow);
  const map = new CommandMap(byId("map"), byId("scale"), style);
  draw(map, document_);
  const state = readState(location.search);
  map.fit(map.home, margins(), { animated: false });
  if (state.view) map.setView(state.view);
  wire(map);
  apply(map, state);
  // Letters drawn before their font has come would stay in another one.
  document.fonts.load('16px "Noto Serif Tibetan"', "ཀ").then(() => map.restyle());
  byId("map").dataset.ready = "true";
}

function load() {
  location.reload();
}

/** @param {CommandMap} map @param {MapDocument} document_ */
function draw(map, document_) {
  map.show(document_);
  items = new Map(itemsOf(document_).map((item) => [item.code, item]));
  version = document_.version;
  if (document_.finest === "grid") tell(null);
  else tell(t("map.coarse", { level: t(`level.${document_.finest}`) }));
}

/** @param {CommandMap} map */
function wire(map) {
  attachSearch(() => [...items.values()], (hit) => {
    if (hit.kind === "point") choosePoint(map, hit.point, { far: true });
    else if (hit.kind === "place") location.assign(hit.page ?? `/?code=${hit.id}`);
    else chooseCode(map, hit.kind === "item" ? hit.item.code : hit.code);
  }, { codes: true });
  map.onClick((point, shelter) => (shelter ? chooseCode(map, shelter, { stay: true }) : choosePoint(map, point)));
  map.onPointer((point) => (byId("pointer").textContent = point ? writeCoordinates(point) : ""));
  map.onMoved(() => remember(map, "replace"));
  onThemeChange(() => {
    map.restyle();
    drawLegend(map);
  });
  byId("zoom-in").addEventListener("click", () => map.zoomBy(1));
  byId("zoom-out").addEventListener("click", () => map.zoomBy(-1));
  byId("zoom-home").addEventListener("click", () => map.fit(map.home, margins()));
  byId("panel-close").addEventListener("click", () => clear(map));
  byId("map").addEventListener("keydown", (event) => event.key === "Enter" && choosePoint(map, map.getView().centre));
  document.addEventListener("keydown", (event) => event.key === "Escape" && !panel.hidden && clear(map));
  addEventListener("popstate", () => apply(map, readState(location.search)));
  document.addEventListener("gridmap:version", (event) => announce(/** @type {CustomEvent} */ (event).detail));
  drawLegend(map);
  /** @type {HTMLDetailsElement} */ (byId("legend")).open = innerWidth > 1500;
}

/** @type {Record<string, boolean>} */
const shown = { fills: true, grids: true, labels: true, groups: true, shelters: true };

/** @param {CommandMap} map */
function drawLegend(map) {
  const switches = Object.entries(shown).map(([name, on]) => ({ name, label: t(`layer.${name}`), shown: on }));
  const bases = ["none", "vec", "img", "ter"];
  byId("legend-body").replaceChildren(
    legendKeys(map.style, shownTheme()),
    layerSwitches(switches, (name, on) => {
      shown[name] = on;
      map.setLayer(/** @type {any} */ (name), on);
    }),
    ...(page.tianditu_key ? [baseSwitches(bases, (name) => map.setBase(name, page.tianditu_key ?? "")), h("p", { class: "fine" }, t("base.credit"))] : []),
    h("p", { class: "fine" }, t("legend.groups_note")),
  );
}

/** Where the panel is a drawer from below (static/gridmap.css). */
function isNarrow() {
  return matchMedia("(max-width: 44rem)").matches;
}

/** What the panel covers: top, right, bottom, left. @returns {number[]} */
function margins() {
  const edge = 28;
  if (panel.hidden) return [edge, edge, edge + 16, edge];
  const { width, height } = panel.getBoundingClientRect();
  return isNarrow() ? [edge, edge, height + edge, edge] : [edge, width + 2 * edge, edge, edge];
}

/** Shows the state of an address. @param {CommandMap} map @param {import("./viewstate.js").ViewState} state */
function apply(map, state) {
  if (state.point) choosePoint(map, state.point, { push: false, far: !state.view });
  else if (state.code) chooseCode(map, state.code, { push: false, stay: state.view !== null });
  else clear(map, { push: false });
}

/** @param {CommandMap} map @param {"push" | "replace"} how */
function remember(map, how) {
  const address = location.pathname + writeState(location.search, { view: map.getView(), ...chosen });
  if (how === "push" && address !== location.pathname + location.search) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/** @param {CommandMap} map @param {{push?: boolean}} [options] */
function clear(map, { push = true } = {}) {
  asking?.abort();
  chosen = { code: null, point: null };
  map.select(null);
  map.mark(null);
  const hadFocus = panel.contains(document.activeElement);
  panel.hidden = true;
  if (hadFocus) byId("map").focus();
  if (push) remember(map, "push");
}

/** @param {...(Node | null)} content */
function fill(...content) {
  body.replaceChildren(...content.filter((node) => node !== null));
  panel.hidden = false;
  panel.scrollTop = 0;
}

/**
 * Asks the server which grid a point is in, and shows it.
 * @param {CommandMap} map @param {LonLat} point @param {{push?: boolean, far?: boolean}} [options] far: the point may be anywhere
 */
async function choosePoint(map, point, { push = true, far = false } = {}) {
  const signal = begin();
  chosen = { code: null, point };
  map.mark(point);
  const slow = setTimeout(() => fill(heading({ level: t("place.here"), name: writeCoordinates(point) }), skeleton()), 200);
  try {
    /** @type {import("./types.js").Located} */
    const found = await get(`/api/v1/locate?lon=${point[0]}&lat=${point[1]}`, { signal });
    const grid = found.grid ? (items.get(found.grid.code) ?? null) : null;
    map.select(found.grid?.code ?? null);
    fill(placePanel(found, grid, (code) => chooseCode(map, code), location.origin));
    const bounds = far && found.grid && map.boundsOf(found.grid.code);
    if (bounds) map.fit(bounds, margins(), { maxZoom: 14.5 });
    else map.reveal(point, margins());
    if (push) remember(map, "push");
  } catch (error) {
    failed(error, writeCoordinates(point), () => choosePoint(map, point, { push, far }));
  } finally {
    clearTimeout(slow);
  }
}

/**
 * Shows what a code names: from the map at once, from the server what only it knows.
 * @param {CommandMap} map @param {string} code @param {{push?: boolean, stay?: boolean}} [options]
 */
async function chooseCode(map, code, { push = true, stay = false } = {}) {
  const signal = begin();
  chosen = { code, point: null };
  map.mark(null);
  map.select(code);
  const item = items.get(code) ?? null;
  if (item) fill(itemPanel(item, [], version, () => {}), item.level === "shelter" ? null : skeleton());
  const bounds = map.boundsOf(code);
  if (bounds && !stay) map.fit(bounds, margins());
  if (push) remember(map, "push");
  if (item?.level === "shelter") return;
  try {
    if (item?.level === "grid" || item?.level === "group" || (!item && code.length > 12)) await showGrid(map, code, item, signal);
    else await showDivision(map, code, signal);
    body.focus({ preventScroll: true });
  } catch (error) {
    failed(error, code, () => chooseCode(map, code, { push: false, stay }), item && itemPanel(item, [], version, () => {}));
  }
}

/** @param {CommandMap} map @param {string} code @param {Item | null} item @param {AbortSignal} signal */
async function showGrid(map, code, item, signal) {
  const choose = (/** @type {string} */ next) => void chooseCode(map, next);
  const village = code.slice(0, 12);
  if (item) {
    const { chain: steps } = await get(`/api/v1/divisions/${village}`, { signal });
    const grid = item.level === "group" ? items.get(code.slice(0, 15)) : null;
    fill(itemPanel(item, grid ? [...steps, grid] : steps, version, choose));
    return;
  }
  const [{ properties, geometry, version: told }, { chain: steps }] = await Promise.all([get(`/api/v1/grids/${code}`, { signal }), get(`/api/v1/divisions/${village}`, { signal })]);
  map.select(null, geometry);
  const retired = properties.status === "retired" ? h("p", {}, h("span", { class: "tag warning" }, t("place.retired"))) : null;
  fill(retired, itemPanel({ ...properties, level: "grid" }, steps, told, choose));
}

/** @param {CommandMap} map @param {string} code @param {AbortSignal} signal */
async function showDivision(map, code, signal) {
  const outline = map.boundsOf(code) ? "" : "?include=outline";
  const division = await get(`/api/v1/divisions/${code}${outline}`, { signal });
  if (division.outline) map.select(null, division.outline);
  if (outline && division.bbox) map.fit(division.bbox, margins());
  const here = h("p", {}, h("a", { class: "button", href: `/map?within=${code}` }, t("place.open_emap")));
  fill(
    heading({ level: t(`level.${division.level}`), name: division.name, name_bo: division.name_bo, code }),
    numbers(division.counts, division.version),
    chain(division.chain, (next) => chooseCode(map, next)),
    here,
  );
}

/** A new question: the last one is given up. @returns {AbortSignal} */
function begin() {
  asking?.abort();
  asking = new AbortController();
  return asking.signal;
}

/** @param {unknown} error @param {string} query @param {() => void} retry @param {HTMLElement | null} [known] what is true all the same */
function failed(error, query, retry, known = null) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const told = error instanceof ApiError ? error : new ApiError(500, String(error), "script");
  fill(known, errorPanel(told, query, retry));
}

/** @param {string | null} text @param {"info" | "error"} [kind] @param {() => void} [retry] */
function tell(text, kind = "info", retry) {
  note.hidden = text === null;
  note.dataset.kind = kind;
  note.replaceChildren(text ?? "", ...(retry ? [h("button", { type: "button", click: retry }, t("error.retry"))] : []));
}

/** @param {number} newer */
function announce(newer) {
  if (newer === version) return;
  note.hidden = false;
  note.dataset.kind = "info";
  note.replaceChildren(t("map.newer", { version: newer }), h("button", { type: "button", click: load }, t("map.reload")));
}
