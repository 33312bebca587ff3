// Numbers as they are written here. Pure functions.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const HUNDREDTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** A count with its thousands separated. @param {number} count */
export function formatCount(count) {
  return WHOLE.format(count);
}

/** An area in m² below a tenth of a square kilometre, in km² above. @param {number} area_m2 */
export function formatArea(area_m2) {
  return area_m2 < 100_000 ? `${WHOLE.format(area_m2)} m²` : `${HUNDREDTHS.format(area_m2 / 1e6)} km²`;
}

/** A distance in m below ten kilometres, in km above. @param {number} distance_m */
export function formatDistance(distance_m) {
  if (distance_m < 10) return `${TENTHS.format(distance_m)} m`;
  return distance_m < 10_000 ? `${WHOLE.format(distance_m)} m` : `${TENTHS.format(distance_m / 1000)} km`;
}

/** A code in the groups it is made of: county, township, village, grid, group. @param {string} code */
export function groupedCode(code) {
  return [code.slice(0, 6), code.slice(6, 9), code.slice(9, 12), code.slice(12, 15), code.slice(15)].filter(Boolean).join(" ");
}
