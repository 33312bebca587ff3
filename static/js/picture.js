// A small picture of a place where something is wrong: the grids about it, and the problem hatched over them.

const SVG = "http://www.w3.org/2000/svg";
let pictures = 0;

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Element} children */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * @param {import("./workmap.js").WorkMap} map @param {{where: any, grids: string[], severity: string}} problem
 * @param {number} width @param {number} height in pixels
 */
export function picture(map, problem, width, height) {
  const frame = svg("svg", { class: `picture ${problem.severity}`, viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  const bounds = problem.where && map.boundsAround([problem.where]);
  if (!bounds) return frame;
  const view = viewOf(bounds, width, height);
  const hatch = `hatch-${(pictures += 1)}`;
  frame.append(svg("defs", {}, svg("pattern", { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${problem.severity === "error" ? 45 : -45})` }, svg("rect", { width: 6, height: 6, class: "hatch-ground" }), svg("rect", { width: 2.2, height: 6, class: "hatch-line" }))));
  problem.grids.slice(0, 6).forEach((code, place) => {
    frame.append(svg("path", { d: pathOf(map.polygonsIn(code), view), class: `ground-${place % 4}`, "fill-rule": "evenodd" }));
  });
  const shapes = shapesOf(problem.where);
  for (const { areas, lines, points } of [shapes]) {
    if (areas.length) frame.append(svg("path", { d: pathOf(areas, view), fill: `url(#${hatch})`, class: "wrong", "fill-rule": "evenodd" }));
    for (const line of lines) frame.append(svg("path", { d: lineOf(line, view, false), class: "wrong line" }));
    for (const point of points) {
      const [x, y] = view(point);
      frame.append(svg("circle", { cx: x, cy: y, r: 5, class: "wrong" }));
    }
  }
  return frame;
}

/**
 * Degrees to pixels, the place in the middle with ground about it.
 * @param {number[]} bounds @param {number} width @param {number} height
 * @returns {(position: number[]) => [number, number]}
 */
function viewOf([west = 0, south = 0, east = 0, north = 0], width, height) {
  const stretch = Math.cos((((south + north) / 2) * Math.PI) / 180);
  // At least 20 m across, so that what is a centimetre wide is seen with what lies beside it.
  const across = Math.max((east - west) * stretch * 1.7, (north - south) * 1.7 * (width / height), 20 / 111_320);
  const scale = width / across;
  return ([lon = 0, lat = 0]) => [width / 2 + (lon - (west + east) / 2) * stretch * scale, height / 2 - (lat - (south + north) / 2) * scale];
}

/** @param {number[][][][]} polygons @param {(position: number[]) => [number, number]} view */
function pathOf(polygons, view) {
  return polygons.flat().map((ring) => lineOf(ring, view, true)).join("");
}

/** Positions that fall on the same pixel are left out. @param {number[][]} line @param {(position: number[]) => [number, number]} view @param {boolean} closed */
function lineOf(line, view, closed) {
  let last = "";
  const steps = [];
  for (const position of line) {
    const [x, y] = view(position);
    const at = `${clamp(x).toFixed(1)} ${clamp(y).toFixed(1)}`;
    if (at !== last) steps.push(at);
    last = at;
  }
  return steps.length ? `M${steps.join("L")}${closed ? "Z" : ""}` : "";
}

/** Far outside the picture is outside. @param {number} pixels */
function clamp(pixels) {
  return Math.max(-4000, Math.min(4000, pixels));
}

/** @param {any} geometry GeoJSON @returns {{areas: number[][][][], lines: number[][][], points: number[][]}} */
function shapesOf({ type, coordinates, geometries }) {
  if (type === "GeometryCollection") {
    const parts = geometries.map(shapesOf);
    return { areas: parts.flatMap((/** @type {any} */ part) => part.areas), lines: parts.flatMap((/** @type {any} */ part) => part.lines), points: parts.flatMap((/** @type {any} */ part) => part.points) };
  }
  return {
    areas: type === "Polygon" ? [coordinates] : type === "MultiPolygon" ? coordinates : [],
    lines: type === "LineString" ? [coordinates] : type === "MultiLineString" ? coordinates : [],
    points: type === "Point" ? [coordinates] : type === "MultiPoint" ? coordinates : [],
  };
}
