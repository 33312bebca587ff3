// The search box's own index: everything on the map by code, name or Tibetan name, with no network. Pure functions.

import { parseCoordinates } from "./coordinates.js";

/** @typedef {import("./types.js").MapDocument} MapDocument */
/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").LonLat} LonLat */
/** @typedef {{kind: "item", item: Item} | {kind: "point", point: LonLat} | {kind: "code", code: string}} Hit */

const MOST = 12;
const SEARCHED = ["province", "prefecture", "county", "township", "village", "grid", "shelter", "group"];

/**
 * Everything that can be found in a map, large things first.
 * @param {Pick<MapDocument, "objects">} topology
 * @returns {Item[]}
 */
export function itemsOf({ objects }) {
  return SEARCHED.flatMap((level) => (objects[level]?.geometries ?? []).map(({ properties }) => ({ ...properties, level })));
}

/**
 * What a text may mean, best first: coordinates; a code or its beginning, its end (the three digits people say); a name.
 * @param {Item[]} items @param {string} text
 * @returns {Hit[]}
 */
export function findIn(items, text) {
  const query = folded(text);
  if (!query) return [];
  const point = parseCoordinates(text);
  if (point) return [{ kind: "point", point }];
  const digits = query.replace(/[\s-]/g, "");
  const isCode = /^\d+$/.test(digits);
  const scored = items
    .map((item, order) => ({ item, order, score: isCode ? codeScore(item.code, digits) : nameScore(item, query) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.order - b.order);
  /** @type {Hit[]} */
  const hits = scored.slice(0, MOST).map(({ item }) => ({ kind: "item", item }));
  // A code that this map does not show may be of another county, or retired: the server knows.
  if (isCode && [2, 6, 9, 12, 15].includes(digits.length) && !scored.some(({ score }) => score === 4)) hits.push({ kind: "code", code: digits });
  return hits;
}

/** @param {string} code @param {string} digits */
function codeScore(code, digits) {
  if (code === digits) return 4;
  if (code.startsWith(digits)) return 3;
  return digits.length >= 3 && code.endsWith(digits) ? 2 : 0;
}

/** @param {Item} item @param {string} query */
function nameScore(item, query) {
  return Math.max(...[item.name, item.name_bo ?? ""].map((name) => {
    const known = folded(name);
    if (known === query) return 4;
    if (known.startsWith(query)) return 3;
    return known.includes(query) ? 2 : 0;
  }));
}

/**
 * One form for what people write differently: full width, capitals, blanks, and Tibetan's two tshegs and final marks.
 * @param {string} text
 */
function folded(text) {
  return text.normalize("NFKC").replace(/\u0f0c/g, "\u0f0b").replace(/[\u0f0b\u0f0d\s]+$/u, "").trim().toLowerCase();
}
