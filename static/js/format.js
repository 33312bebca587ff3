// Numbers as they are written here. Pure functions.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const HUNDREDTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** A count with its thousands separated. @param {number} count */
export function formatCount(count) {
  return WHOLE.format(count);
}

/** An area in m² below a tenth of a square kilometre, in km² above; what there is never reads as 0. @param {number} area_m2 */
export function formatArea(area_m2) {
  if (area_m2 >= 100_000) return `${HUNDREDTHS.format(area_m2 / 1e6)} km²`;
  if (area_m2 >= 100 || area_m2 === 0) return `${WHOLE.format(area_m2)} m²`;
  if (area_m2 >= 0.01) return `${Number(area_m2.toPrecision(3))} m²`;
  return area_m2 >= 1e-4 ? `${Number((area_m2 * 1e4).toPrecision(2))} cm²` : "< 1 cm²";
}

/** A distance in m below ten kilometres, in km above; what there is never reads as 0. @param {number} distance_m */
export function formatDistance(distance_m) {
  if (distance_m > 0 && distance_m < 0.1) return distance_m < 0.01 ? "< 1 cm" : `${WHOLE.format(distance_m * 100)} cm`;
  if (distance_m < 10) return `${TENTHS.format(distance_m)} m`;
  return distance_m < 10_000 ? `${WHOLE.format(distance_m)} m` : `${TENTHS.format(distance_m / 1000)} km`;
}

/** A code in the groups it is made of: county, township, village, grid, group. @param {string} code */
export function groupedCode(code) {
  return [code.slice(0, 6), code.slice(6, 9), code.slice(9, 12), code.slice(12, 15), code.slice(15)].filter(Boolean).join(" ");
}
