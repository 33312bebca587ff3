// What is chosen, in words: a place on the ground, or something on the map. Builds elements, asks nobody.

import { writeCoordinates } from "./coordinates.js";
import { h, tibetan } from "./dom.js";
import { formatArea, formatCount, formatDistance, groupedCode } from "./format.js";
import { t } from "./messages.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Located} Located */
/** @typedef {{level: string, code: string, name: string, name_bo?: string | null}} Step */
/** @typedef {(code: string) => void} Choose */

/** Facts that are counts, in the order they are told. */
const NUMBERS = ["households", "persons", "groups", "grids", "villages", "townships", "addresses", "buildings", "officers"];

/**
 * The head of the panel: what it is, its names, its code.
 * @param {{level: string, name: string, name_bo?: string | null, code?: string}} thing
 */
export function heading({ level, name, name_bo, code }) {
  return h("header", {},
    h("p", { class: "eyebrow" }, level),
    h("h2", {}, name),
    name_bo ? h("p", { class: "title-bo bo", lang: "bo" }, name_bo) : null,
    code ? h("p", { class: "bigcode" }, groupedCode(code)) : null,
  );
}

/**
 * Counts as tiles, with the version they are true of.
 * @param {Record<string, any>} counts @param {number} version
 */
export function numbers(counts, version) {
  // A village has no townships: a zero there is no finding.
  const tiles = NUMBERS.filter((name) => typeof counts[name] === "number" && (counts[name] > 0 || !["townships", "villages"].includes(name))).map((name) =>
    h("li", {}, h("strong", {}, formatCount(counts[name])), h("span", {}, t(`fact.${name}`))),
  );
  if (tiles.length === 0) return null;
  return h("div", {}, h("ul", { class: "numbers" }, ...tiles), h("p", { class: "fine" }, t("fact.as_of", { version })));
}

/**
 * The chain from the province down, each step a way to see that division.
 * @param {Step[]} steps @param {Choose} choose
 */
export function chain(steps, choose) {
  if (steps.length === 0) return null;
  return h("ol", { class: "chain", "aria-label": t("place.chain") }, ...steps.map((step) =>
    h("li", {},
      h("span", { class: "level" }, t(`level.${step.level}`)),
      h("span", {}, h("button", { type: "button", click: () => choose(step.code) }, step.name), tibetan(step.name_bo)),
    ),
  ));
}

/**
 * Something on the map: a grid, a division, a group, a shelter.
 * @param {Item} item @param {Step[]} steps @param {number} version @param {Choose} choose
 */
export function itemPanel(item, steps, version, choose) {
  const facts = [
    item.kind && item.level === "grid" ? [t("fact.kind"), t(`kind.${item.kind}`)] : null,
    item.area_m2 === undefined ? null : [t("fact.area"), formatArea(item.area_m2)],
    item.capacity === undefined ? null : [t("fact.capacity"), t("people", { count: formatCount(item.capacity) })],
  ];
  return h("div", {},
    heading({ level: t(`level.${item.level}`), name: item.name, name_bo: item.name_bo, code: item.level === "shelter" ? undefined : item.code }),
    definitions(facts),
    numbers(item, version),
    chain(steps, choose),
  );
}

/**
 * A place: which grid it is in, and everything that follows from that.
 * @param {Located} found @param {Item | null} grid the grid's facts, when the map has them
 * @param {Choose} choose @param {string} origin of this server, for the line that asks the same
 */
export function placePanel(found, grid, choose, origin) {
  const point = /** @type {[number, number]} */ ([found.lon, found.lat]);
  const body = found.grid
    ? [heading({ level: t("place.in_grid"), name: found.grid.name, name_bo: found.grid.name_bo, code: found.grid.code }), boundary(found, choose), grid && numbers(grid, found.version)]
    : [heading({ level: t("place.here"), name: t("place.outside") }), nearest(found, choose)];
  return h("div", {},
    ...body,
    definitions([
      [t("level.point"), writeCoordinates(point)],
      found.group ? [t("fact.group"), found.group.name ?? found.group.code] : null,
      grid?.area_m2 === undefined || grid === null ? null : [t("fact.area"), formatArea(grid.area_m2)],
    ]),
    chain(found.divisions, choose),
    curl(`${origin}/api/v1/locate?lon=${point[0]}&lat=${point[1]}`),
    grid ? null : h("p", { class: "fine" }, t("fact.as_of", { version: found.version })),
  );
}

/** @param {Located} found @param {Choose} choose */
function boundary(found, choose) {
  if (!found.on_boundary) return null;
  return h("div", { class: "touching" },
    h("p", {}, h("span", { class: "tag warning" }, t("place.on_boundary"))),
    h("p", { class: "fine" }, t("place.touching")),
    h("ul", {}, ...found.grids.map(({ code }) => h("li", {}, h("button", { type: "button", class: "code", click: () => choose(code) }, groupedCode(code))))),
  );
}

/** @param {Located} found @param {Choose} choose */
function nearest(found, choose) {
  if (!found.nearest) return null;
  const { code, distance_m } = found.nearest;
  return h("p", {}, h("button", { type: "button", click: () => choose(code) }, t("place.nearest", { code: groupedCode(code), distance: formatDistance(distance_m) })));
}

/**
 * A line that can be copied into a terminal.
 * @param {string} address
 */
function curl(address) {
  const line = `curl '${address}'`;
  const button = h("button", { type: "button" }, t("place.copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line);
      button.textContent = t("place.copied");
    } catch {
      button.textContent = t("place.copy_failed");
    }
  });
  return h("div", {}, h("p", { class: "fine" }, t("place.curl")), h("div", { class: "copyline" }, h("code", { title: line }, line), button));
}

/**
 * A list of terms and what they are; null entries are left out.
 * @param {(readonly (string | Node)[] | null)[]} pairs
 */
export function definitions(pairs) {
  const known = pairs.filter((pair) => pair !== null);
  if (known.length === 0) return null;
  return h("dl", { class: "facts" }, ...known.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
}

/** Something is on its way. */
export function skeleton() {
  return h("div", { "aria-label": t("search.asking") }, h("div", { class: "skeleton" }), h("div", { class: "skeleton short" }));
}

/**
 * What went wrong, in place, and a way to try again.
 * @param {import("./api.js").ApiError} error @param {string} query @param {() => void} retry
 */
export function errorPanel(error, query, retry) {
  const again = error.status === 0 || error.status >= 500;
  return h("div", { role: "alert" }, h("p", { class: "error" }, errorText(error, query)), again ? h("button", { type: "button", click: retry }, t("error.retry")) : null);
}

/** @param {import("./api.js").ApiError} error @param {string} query */
export function errorText(error, query) {
  const known = /** @type {Record<number, string>} */ ({ 0: "network", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 503: "unavailable" })[error.status];
  return known ? t(`error.${known}`, { query }) : t("error.other", { detail: error.message });
}
