// The map document decoded: polygons of areas, and lines that are drawn once with the weight of the highest level they bound.

/** @typedef {import("./types.js").MapDocument} MapDocument */
/** @typedef {import("./types.js").Geometry} Geometry */
/** @typedef {import("./types.js").LonLat} LonLat */

/** From large to small. */
export const LEVELS = ["province", "prefecture", "county", "township", "village", "grid"];

/**
 * All arcs in degrees.
 * @param {Pick<MapDocument, "arcs" | "transform">} topology
 * @returns {LonLat[][]}
 */
export function decodeArcs({ arcs, transform }) {
  const { scale, translate } = transform;
  return arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return /** @type {LonLat} */ ([degrees(x, scale[0]) + translate[0], degrees(y, scale[1]) + translate[1]]);
    });
  });
}

/**
 * Whole numbers of the lattice to degrees. Divided, not multiplied: 1e-7 has no exact binary form, 1e7 has, and
 * only so does a vertex come back as the very number that the database holds.
 * @param {number} steps @param {number} scale
 */
function degrees(steps, scale) {
  return steps / Math.round(1 / scale);
}

/**
 * The polygons of a geometry as GeoJSON's MultiPolygon coordinates.
 * @param {Geometry} geometry
 * @param {LonLat[][]} arcs
 * @returns {LonLat[][][]}
 */
export function polygonsOf(geometry, arcs) {
  /** @type {number[][][]} */
  const parts = geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs;
  return parts.map((rings) => rings.map((ring) => joined(ring, arcs)));
}

/** @param {number[]} ring @param {LonLat[][]} arcs */
function joined(ring, arcs) {
  /** @type {LonLat[]} */
  const positions = [];
  for (const number of ring) {
    const arc = number < 0 ? [...(arcs[~number] ?? [])].reverse() : (arcs[number] ?? []);
    positions.push(...(positions.length > 0 ? arc.slice(1) : arc));
  }
  return positions;
}

/**
 * The arcs of each level: an arc belongs to the highest level whose areas it bounds, so a county's line is not drawn
 * again as its township's, village's and grid's.
 * @param {Pick<MapDocument, "objects">} topology
 * @returns {Map<string, number[]>}
 */
export function arcsByLevel({ objects }) {
  const taken = new Set();
  const levels = new Map();
  for (const level of LEVELS) {
    const numbers = [];
    for (const geometry of objects[level]?.geometries ?? []) {
      for (const number of geometry.arcs.flat(3)) {
        const arc = number < 0 ? ~number : number;
        if (!taken.has(arc)) {
          taken.add(arc);
          numbers.push(arc);
        }
      }
    }
    levels.set(level, numbers);
  }
  return levels;
}

/**
 * [west, south, east, north] of polygons.
 * @param {LonLat[][][]} polygons
 * @returns {[number, number, number, number]}
 */
export function boundsOf(polygons) {
  const bounds = /** @type {[number, number, number, number]} */ ([Infinity, Infinity, -Infinity, -Infinity]);
  for (const [x, y] of polygons.flat(2)) {
    bounds[0] = Math.min(bounds[0], x);
    bounds[1] = Math.min(bounds[1], y);
    bounds[2] = Math.max(bounds[2], x);
    bounds[3] = Math.max(bounds[3], y);
  }
  return bounds;
}
