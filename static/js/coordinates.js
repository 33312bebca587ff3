// Coordinates as people write and read them. Pure functions.

/** @typedef {import("./types.js").LonLat} LonLat */

const NUMBER = /[-+]?\d+(?:\.\d+)?/g;
// NFKC has made two primes of a double one.
const ANGLE = /(\d+(?:\.\d+)?)\s*°\s*(?:(\d+(?:\.\d+)?)\s*['′]\s*)?(?:(\d+(?:\.\d+)?)\s*(?:"|''|′′)\s*)?/g;

/**
 * The point that a text means, or null when it means none: `103.507, 34.589`, `34.589N 103.507E`, `103°30′25″ 34°35′22″`,
 * full-width digits and commas included. Longitude comes first unless letters, or a latitude beyond 90, say otherwise.
 * @param {string} text
 * @returns {LonLat | null}
 */
export function parseCoordinates(text) {
  const plain = text.normalize("NFKC").replace(/[,;、，；]/g, " ").trim();
  const angles = plain.includes("°") ? fromAngles(plain) : fromDecimals(plain);
  if (!angles) return null;
  const [first, second] = angles;
  const latFirst = /^[^A-Za-z东西南北]*[NS北南]/i.test(plain) || Math.abs(first) <= 90 && Math.abs(second) > 90;
  const [lon, lat] = latFirst ? [second, first] : [first, second];
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? [lon, lat] : null;
}

/** @param {string} text @returns {[number, number] | null} */
function fromDecimals(text) {
  // A lone code such as 623022101200001 is no coordinate, and neither is a text with other words in it.
  if (!/^[\d\s.+\-NSEW北南东西经纬度:：]+$/i.test(text)) return null;
  const numbers = text.match(NUMBER);
  if (numbers?.length !== 2) return null;
  // "103 34" may be anything: at least one number has a decimal point.
  return numbers.some((number) => number.includes(".")) ? [Number(numbers[0]), Number(numbers[1])] : null;
}

/** @param {string} text @returns {[number, number] | null} */
function fromAngles(text) {
  const found = [...text.matchAll(ANGLE)];
  if (found.length !== 2) return null;
  const [a, b] = found.map(([, degrees, minutes, seconds]) => Number(degrees) + Number(minutes ?? 0) / 60 + Number(seconds ?? 0) / 3600);
  if (a === undefined || b === undefined) return null;
  const letters = text.match(/[NSEW北南东西]/gi) ?? [];
  const sign = (/** @type {number} */ index) => (/[SW南西]/i.test(letters[index] ?? "") ? -1 : 1);
  return [a * sign(0), b * sign(1)];
}

/**
 * A point as it can be typed again: six decimals, a tenth of a metre.
 * @param {LonLat} point
 */
export function writeCoordinates([lon, lat]) {
  return `${lon.toFixed(6)}, ${lat.toFixed(6)}`;
}
