// The style file, read in the theme that is shown. Pure, but for asking the page for its theme.

/** @typedef {import("./types.js").MapStyle} MapStyle */
/** @typedef {"light" | "dark"} Theme */

/** The theme on the screen: what the reader chose, else the system's. @returns {Theme} */
export function shownTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** How much larger text is than usual: the map's letters follow the large mode. */
export function textScale() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

/** Calls back whenever the theme or the size of text changes. @param {() => void} changed */
export function onThemeChange(changed) {
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-size"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/**
 * The width of a level's outline at a zoom: thin when far away, so that a whole county is not all lines.
 * @param {MapStyle} style @param {"county" | "township" | "village" | "grid"} level @param {number} zoom
 */
export function outlineWidth(style, level, zoom) {
  const rule = style.outlines[level];
  if (zoom < rule.from_zoom) return 0;
  return zoom < style.outlines.thin_below_zoom ? rule.thin_width : rule.width;
}

/**
 * The size of a level's names in pixels: smaller where a whole county is on a phone.
 * @param {MapStyle} style @param {import("./types.js").LabelRule} rule @param {number} zoom @param {number} scale
 */
export function labelSize(style, rule, zoom, scale) {
  return rule.size * scale * (zoom < style.labels.small_below_zoom ? 0.8 : 1);
}

/** Which level's areas are tinted at a zoom. @param {MapStyle} style @param {number} zoom @returns {"township" | "village" | "grid"} */
export function filledLevel(style, zoom) {
  if (zoom >= style.fill_level.grid) return "grid";
  return zoom >= style.fill_level.village ? "village" : "township";
}
