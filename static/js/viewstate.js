// What is on the screen, as a query that can be sent to a colleague. Pure functions.

/** @typedef {import("./types.js").LonLat} LonLat */
/** @typedef {{zoom: number, centre: LonLat}} View */
/** @typedef {{view: View | null, code: string | null, point: LonLat | null}} ViewState */

/**
 * Reads a query. What is malformed counts as absent: a half-copied link still opens the map.
 * @param {string} query
 * @returns {ViewState}
 */
export function readState(query) {
  const values = new URLSearchParams(query);
  const [zoom, lat, lon] = numbers(values.get("view"), "/");
  const [pointLon, pointLat] = numbers(values.get("point"), ",");
  const code = values.get("code");
  return {
    view: zoom !== undefined && inRange(lon, lat) ? { zoom, centre: /** @type {LonLat} */ ([lon, lat]) } : null,
    code: code && /^\d{2,17}$/.test(code) ? code : null,
    point: inRange(pointLon, pointLat) ? /** @type {LonLat} */ ([pointLon, pointLat]) : null,
  };
}

/**
 * The query of a state. Other parameters of `query`, such as `within`, stay.
 * @param {string} query @param {ViewState} state
 */
export function writeState(query, { view, code, point }) {
  const values = new URLSearchParams(query);
  set(values, "view", view && `${view.zoom.toFixed(2)}/${view.centre[1].toFixed(5)}/${view.centre[0].toFixed(5)}`);
  set(values, "code", code);
  set(values, "point", point && point.map((number) => String(Number(number.toFixed(7)))).join(","));
  const text = values.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

/** @param {URLSearchParams} values @param {string} name @param {string | null} value */
function set(values, name, value) {
  if (value === null) values.delete(name);
  else values.set(name, value);
}

/** @param {string | null} text @param {string} separator */
function numbers(text, separator) {
  const parts = (text ?? "").split(separator).map((part) => (part.trim() === "" ? NaN : Number(part)));
  return parts.every(Number.isFinite) ? parts : [];
}

/** @param {number | undefined} lon @param {number | undefined} lat */
function inRange(lon, lat) {
  return lon !== undefined && lat !== undefined && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
}
