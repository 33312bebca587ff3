// The style file as OpenLayers draws it: one object of style functions for a theme and a size of text.

import { gridLabel, metresPerPixel, spaced, textWidth } from "./labels.js";
import { labelSize } from "./mapstyle.js";

/** @typedef {import("./types.js").MapStyle} MapStyle */
/** @typedef {import("./types.js").Item} Item */

/** Names of larger areas win where two would cross. */
const RANK = /** @type {Record<string, number>} */ ({ county: 40, township: 30, village: 20, grid: 10 });
const LINE_ORDER = ["grid", "village", "township", "county"];

/**
 * @param {MapStyle} style @param {"light" | "dark"} theme @param {number} scale of text
 * @param {() => boolean} hasBasemap tints are only a breath over a basemap
 */
export function mapStyles(style, theme, scale, hasBasemap) {
  const { Style, Fill, Stroke, Text, Circle, RegularShape } = ol.style;
  const { family, family_bo, halo_width } = style.labels;
  const ink = new Fill({ color: style.ink[theme] });
  const halo = new Stroke({ color: style.halo[theme], width: halo_width, lineJoin: "round" });
  const fills = style.fills[theme].map((colour) => new Style({ fill: new Fill({ color: colour }), stroke: new Stroke({ color: colour, width: 1 }) }));
  const breaths = style.fills[theme].map((colour) => new Style({ fill: new Fill({ color: withAlpha(colour, style.fills.over_basemap) }) }));
  const marker = [
    new Style({ image: new Circle({ radius: style.point.radius + 2.5, fill: new Fill({ color: style.point.ring[theme] }) }) }),
    new Style({ image: new Circle({ radius: style.point.radius, fill: new Fill({ color: style.point.fill[theme] }) }) }),
    new Style({ image: new Circle({ radius: 2, fill: new Fill({ color: style.point.ring[theme] }) }) }),
  ];
  const chosen = [
    new Style({ stroke: new Stroke({ color: style.selected.casing[theme], width: style.selected.casing_width, lineJoin: "round" }), zIndex: 1 }),
    new Style({ stroke: new Stroke({ color: style.selected.line[theme], width: style.selected.line_width, lineJoin: "round" }), zIndex: 2 }),
  ];
  /** @type {Map<string, any>} */
  const lines = new Map();

  /** @param {Item} item @param {import("./types.js").LabelRule} rule @param {string[]} first @param {boolean} withTibetan */
  function named(item, rule, first, withTibetan) {
    const text = [...first];
    if (withTibetan && item.name_bo) text.push("\n", "", item.name_bo, `400 ${rule.size_bo * scale}px/1.8 ${family_bo}`);
    return new Style({ text: new Text({ text, fill: ink, stroke: halo, font: `${rule.weight} ${rule.size * scale}px/1.3 ${family}`, padding: [3, 6, 3, 6], overflow: true }), zIndex: RANK[item.level] });
  }

  /** @param {number} zoom @param {Item} item */
  function room(zoom, item) {
    const [, lat = 0, radius_m = 0] = item.label ?? [];
    return radius_m / metresPerPixel(zoom, lat);
  }

  /** @type {Map<object, any>} */
  const hatches = new Map();

  /** @param {import("./types.js").MapStyle["looks"][string]} look */
  function hatched(look) {
    if (!hatches.has(look)) {
      const fill = new Fill({ color: /** @type {any} */ (look.hatch ? pattern(look[theme], look.hatch) : withAlpha(look[theme], 0.14)) });
      hatches.set(look, new Style({ fill, stroke: new Stroke({ color: look[theme], width: look.width, lineDash: look.dash, lineJoin: "round" }), image: new Circle({ radius: 5, fill: new Fill({ color: look[theme] }), stroke: new Stroke({ color: style.halo[theme], width: 1.5 }) }), zIndex: 2 }));
    }
    return hatches.get(look);
  }

  /** @param {import("./types.js").MapStyle["looks"][string]} look @param {number[]} middle */
  function ringed(look, middle) {
    return new Style({ geometry: new ol.geom.Point(middle), image: new Circle({ radius: look.ring, stroke: new Stroke({ color: look[theme], width: look.width, lineDash: look.dash }), fill: new Fill({ color: withAlpha(look[theme], 0.12) }) }), zIndex: 3 });
  }

  return {
    showGridLines: true,

    /** @param {any} feature */
    fill(feature) {
      const set = hasBasemap() ? breaths : fills;
      return set[feature.get("facts").colour % set.length];
    },

    /** @param {any} feature @param {number} width */
    line(feature, width) {
      /** @type {"county" | "township" | "village" | "grid"} */
      const level = feature.get("level");
      if (width === 0 || (level === "grid" && !this.showGridLines)) return undefined;
      const key = `${level} ${width}`;
      if (!lines.has(key)) lines.set(key, new Style({ stroke: new Stroke({ color: style.outlines[level][theme], width, lineJoin: "round", lineCap: "round" }), zIndex: LINE_ORDER.indexOf(level) }));
      return lines.get(key);
    },

    /** @param {any} feature @param {number} zoom */
    label(feature, zoom) {
      /** @type {Item} */
      const item = feature.get("facts");
      const rule = /** @type {any} */ (style.labels)[item.level];
      if (!rule || zoom < rule.from_zoom || zoom >= rule.to_zoom) return undefined;
      const space = room(zoom, item);
      const size = labelSize(style, rule, zoom, scale);
      const font = `${rule.weight} ${size}px/1.3 ${family}`;
      if (item.level === "grid") {
        const label = gridLabel(item, space, size);
        if (!label) return undefined;
        const number = [label.number, `600 ${size}px/1.3 ${family}`];
        return named(item, rule, label.name ? [...number, "\n", "", label.name, font] : number, label.name !== null && space > size * 3);
      }
      if (item.level === "village" && textWidth(item.name, size) > space * 3) return undefined;
      const name = rule.spaced ? spaced(item.name) : item.name;
      return named(item, rule, [name, font], space > size * 1.6);
    },

    /** @param {any} feature @param {number} zoom */
    group(feature, zoom) {
      const { name } = feature.get("facts");
      const { groups } = style;
      return new Style({
        stroke: new Stroke({ color: groups[theme], width: groups.width, lineDash: groups.dash }),
        fill: new Fill({ color: withAlpha(groups[theme], groups.fill_opacity) }),
        text: zoom < groups.label_from_zoom ? undefined : new Text({ text: name, font: `500 ${12 * scale}px ${family}`, fill: new Fill({ color: groups[theme] }), stroke: halo, overflow: true }),
      });
    },

    /** @param {any} feature @param {number} zoom */
    shelter(feature, zoom) {
      const { name } = feature.get("facts");
      const { shelters } = style;
      const styles = [new Style({
        image: new RegularShape({ points: 4, radius: shelters.radius * 1.35 * scale, angle: Math.PI / 4, fill: new Fill({ color: shelters[theme] }), stroke: new Stroke({ color: style.halo[theme], width: 1.5 }), declutterMode: "none" }),
        text: new Text({ text: "避", font: `600 ${12 * scale}px ${family}`, fill: new Fill({ color: shelters.ink[theme] }), declutterMode: "none" }),
      })];
      if (zoom >= shelters.label_from_zoom) styles.push(new Style({ text: new Text({ text: name, offsetY: 20 * scale, font: `500 ${12 * scale}px ${family}`, fill: new Fill({ color: shelters[theme] }), stroke: halo }) }));
      return styles;
    },

    /** What is laid over the map: hatched, so that it is not told by colour alone. @param {any} feature @param {number} resolution */
    overlay(feature, resolution) {
      const look = style.looks[feature.get("look")];
      const shown = [new Style({ stroke: new Stroke({ color: style.halo[theme], width: look.width + 2.5, lineJoin: "round" }), zIndex: 1 }), hatched(look)];
      const [west, south, east, north] = feature.getGeometry().getExtent();
      const seen = Math.max(east - west, north - south) / resolution;
      // What is a centimetre wide is found all the same.
      if (look.ring > 0 && seen < look.ring * 1.5) shown.push(ringed(look, [(west + east) / 2, (south + north) / 2]));
      const text = feature.get("text");
      if (text && seen > text.length * 9 * scale) shown.push(new Style({ text: new Text({ text, font: `600 ${13 * scale}px ${family}`, fill: new Fill({ color: look[theme] }), stroke: halo, overflow: true }), zIndex: 4 }));
      return shown;
    },

    selected() {
      return chosen;
    },

    point() {
      return marker;
    },
  };
}

/** Parallel lines, or at 135 crossed ones. @param {string} colour @param {number} angle 45, -45, 90 or 135 degrees */
function pattern(colour, angle) {
  const size = 9;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = withAlpha(colour, 0.16);
  context.fillRect(0, 0, size, size);
  context.strokeStyle = colour;
  context.lineWidth = 1.4;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    if (angle === 90) context.moveTo(size / 2, 0), context.lineTo(size / 2, size);
    else if (angle > 0) context.moveTo(shift, size), context.lineTo(shift + size, 0);
    if (angle === 135 || angle < 0) context.moveTo(shift, 0), context.lineTo(shift + size, size);
  }
  context.stroke();
  return context.createPattern(canvas, "repeat");
}

/** @param {string} hex #rrggbb @param {number} alpha */
export function withAlpha(hex, alpha) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}
