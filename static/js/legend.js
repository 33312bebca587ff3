// The legend, which is also the switch of layers: drawn from the style file, so that it can't differ from the map.

import { h } from "./dom.js";
import { t } from "./messages.js";

/** @typedef {import("./types.js").MapStyle} MapStyle */
/** @typedef {{name: string, label: string, shown: boolean}} Switch */

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes */
function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** @param {...Element} children */
function swatch(...children) {
  const picture = svg("svg", { viewBox: "0 0 40 20", "aria-hidden": "true" });
  picture.append(...children);
  return picture;
}

/**
 * The keys of lines and signs.
 * @param {MapStyle} style @param {"light" | "dark"} theme
 */
export function legendKeys(style, theme) {
  const rows = [];
  for (const level of /** @type {const} */ (["county", "township", "village", "grid"])) {
    const rule = style.outlines[level];
    rows.push(swatch(svg("line", { x1: 0, y1: 10, x2: 40, y2: 10, stroke: rule[theme], "stroke-width": rule.width })), h("span", {}, t(`level.${level}`)));
  }
  const { groups, shelters, selected } = style;
  rows.push(
    swatch(svg("rect", { x: 6, y: 3, width: 28, height: 14, rx: 7, fill: groups[theme], "fill-opacity": 0.15, stroke: groups[theme], "stroke-width": groups.width, "stroke-dasharray": groups.dash.join(" ") })),
    h("span", {}, t("level.group")),
    swatch(svg("rect", { x: 12, y: 2, width: 16, height: 16, rx: 3, fill: shelters[theme] }), letter(style, theme)),
    h("span", {}, t("level.shelter")),
    swatch(svg("rect", { x: 5, y: 3, width: 30, height: 14, fill: "none", stroke: selected.line[theme], "stroke-width": selected.line_width })),
    h("span", {}, t("legend.selected")),
  );
  return h("div", { class: "key" }, ...rows);
}

/** @param {MapStyle} style @param {"light" | "dark"} theme */
function letter(style, theme) {
  const text = svg("text", { x: 20, y: 14.5, "text-anchor": "middle", "font-size": 12, fill: style.shelters.ink[theme] });
  text.textContent = "避";
  return text;
}

/**
 * Check boxes for layers.
 * @param {Switch[]} switches @param {(name: string, shown: boolean) => void} changed
 */
export function layerSwitches(switches, changed) {
  return h("div", {}, h("h3", {}, t("legend.layers")), ...switches.map(({ name, label, shown }) => {
    const input = h("input", { type: "checkbox", checked: shown });
    input.addEventListener("change", () => changed(name, input.checked));
    return h("label", { class: "switch" }, input, label);
  }));
}

/**
 * Radio buttons for basemaps; `none` is the paper ground.
 * @param {string[]} names @param {(name: string) => void} changed
 */
export function baseSwitches(names, changed) {
  return h("div", { role: "radiogroup", "aria-label": t("base.title") }, h("h3", {}, t("base.title")), ...names.map((name) => {
    const input = h("input", { type: "radio", name: "base", value: name, checked: name === "none" });
    input.addEventListener("change", () => changed(name));
    return h("label", { class: "switch" }, input, t(`base.${name}`));
  }));
}
