// Draws the e-map into Folium's layers from the page's JSON island. Needs nothing from the network once it is loaded.

import { byId, h, tibetan } from "./dom.js";
import { itemsOf } from "./find.js";
import { formatArea, formatCount } from "./format.js";
import { boxAround, gridLabel, metresPerPixel, place, textWidth } from "./labels.js";
import { legendKeys } from "./legend.js";
import { filledLevel, labelSize, onThemeChange, outlineWidth, shownTheme, textScale } from "./mapstyle.js";
import { t } from "./messages.js";
import { definitions, heading } from "./panel.js";
import { attachSearch } from "./search.js";
import { LEVELS, arcsByLevel, boundsOf, decodeArcs, polygonsOf } from "./topology.js";

/** @typedef {import("./types.js").MapDocument} MapDocument */
/** @typedef {import("./types.js").MapStyle} MapStyle */
/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").LonLat} LonLat */

if (!window.gridmapEmap) throw new Error("the page has no map");
const { map, layers } = window.gridmapEmap;
/** @type {MapDocument} */
const data = JSON.parse(byId("emap-data").textContent ?? "{}");
/** @type {MapStyle} */
const style = JSON.parse(byId("emap-style").textContent ?? "{}");
const items = new Map(itemsOf(data).map((item) => [item.code, item]));
const arcs = decodeArcs(data);
/** @type {Map<string, LonLat[][][]>} */
const shapes = new Map();
/** @type {{layer: any, level: string, colour: number}[]} */
const areas = [];
/** @type {{layer: any, level: "county" | "township" | "village" | "grid"}[]} */
const lines = [];
const POPUP = { maxWidth: 340, minWidth: 240, autoPanPaddingTopLeft: [64, 16], autoPanPaddingBottomRight: [16, 16] };
const groupLayers = L.layerGroup();
const shelterLayers = L.layerGroup();
const selected = L.layerGroup().addTo(map);
let theme = shownTheme();

for (const level of ["province", "prefecture", "county", "township", "village", "grid", "group"]) {
  for (const geometry of data.objects[level]?.geometries ?? []) shapes.set(geometry.id, polygonsOf(geometry, arcs));
}

/** Leaflet wants lat before lon. @param {LonLat[][][]} polygons */
function turned(polygons) {
  return polygons.map((rings) => rings.map((ring) => ring.map(([lon, lat]) => [lat, lon])));
}

function drawAreas() {
  for (const level of ["township", "village", "grid"]) {
    for (const { id, properties } of data.objects[level]?.geometries ?? []) {
      const layer = L.polygon(turned(shapes.get(id) ?? []), { stroke: false, fill: true, interactive: level === finestArea() });
      if (level === finestArea()) layer.bindPopup(() => popupOf({ ...properties, level }), POPUP).on("popupopen", () => outline(id)).on("popupclose", () => selected.clearLayers());
      areas.push({ layer: layer.addTo(layers.grids), level, colour: properties.colour ?? 0 });
    }
  }
  const drawn = arcsByLevel(data);
  for (const level of [...LEVELS].reverse()) {
    const kind = /** @type {"county" | "township" | "village" | "grid"} */ (level === "province" || level === "prefecture" ? "county" : level);
    const paths = (drawn.get(level) ?? []).map((number) => (arcs[number] ?? []).map(([lon, lat]) => [lat, lon]));
    if (paths.length > 0) lines.push({ layer: L.polyline(paths, { interactive: false, lineJoin: "round" }).addTo(layers.grids), level: kind });
  }
}

/** The level whose areas answer a click. */
function finestArea() {
  return ["grid", "village", "township"].find((level) => data.objects[level]) ?? "township";
}

function drawGroups() {
  for (const { id, properties } of data.objects.group?.geometries ?? []) {
    const { width, dash, fill_opacity } = style.groups;
    const options = { color: style.groups[theme], weight: width, dashArray: dash.join(" "), fillColor: style.groups[theme], fillOpacity: fill_opacity };
    const layer = L.polygon(turned(shapes.get(id) ?? []), options).bindPopup(() => popupOf({ ...properties, level: "group" }), POPUP);
    layer.on("popupopen", () => outline(id)).on("popupclose", () => selected.clearLayers());
    groupLayers.addLayer(layer);
  }
}

function drawShelters() {
  for (const { id, properties, coordinates } of data.objects.shelter?.geometries ?? []) {
    const [lon, lat] = (coordinates ?? [0, 0]).map((steps, axis) => steps * (data.transform.scale[axis] ?? 1));
    const sign = h("span", { class: "shelter-sign" }, "避");
    const icon = L.divIcon({ html: sign, className: "shelter-icon", iconSize: [24, 24] });
    L.marker([lat, lon], { icon, alt: properties.name, title: properties.name, keyboard: true })
      .bindPopup(() => popupOf({ ...properties, level: "shelter" }), POPUP)
      .addTo(shelterLayers);
    shapes.set(id, [[[[lon ?? 0, lat ?? 0]]]]);
  }
}

/** @param {string} code */
function outline(code) {
  selected.clearLayers();
  const polygons = shapes.get(code);
  if (!polygons || code.startsWith("S")) return;
  const path = turned(polygons);
  L.polygon(path, { color: style.selected.casing[theme], weight: style.selected.casing_width, fill: false, interactive: false }).addTo(selected);
  L.polygon(path, { color: style.selected.line[theme], weight: style.selected.line_width, fill: false, interactive: false }).addTo(selected);
}

/** What a popup says, as elements: names are only ever text. @param {Item} item */
function popupOf(item) {
  const above = [["fact.grid", 15], ["fact.village", 12], ["fact.township", 9], ["fact.county", 6]]
    .map(([term, digits]) => ({ term: String(term), over: item.level === "shelter" ? undefined : items.get(item.code.slice(0, Number(digits))) }))
    .filter(({ over }) => over && over.code !== item.code)
    .map(({ term, over }) => /** @type {[string, Node]} */ ([t(term), h("span", {}, over?.name, " ", tibetan(over?.name_bo))]));
  const count = (/** @type {string} */ name, /** @type {number | undefined} */ value) => (value === undefined ? null : [t(`fact.${name}`), formatCount(value)]);
  return h("div", { class: "popup" },
    heading({ level: t(`level.${item.level}`), name: item.name, name_bo: item.name_bo, code: item.level === "shelter" ? undefined : item.code }),
    definitions([
      ...above,
      item.area_m2 === undefined ? null : [t("fact.area"), formatArea(item.area_m2)],
      count("households", item.households),
      count("persons", item.persons),
      count("groups", item.groups),
      item.capacity === undefined ? null : [t("fact.capacity"), t("people", { count: formatCount(item.capacity) })],
    ]),
    h("p", { class: "fine" }, t("fact.as_of", { version: data.version })),
  );
}

function restyle() {
  theme = shownTheme();
  const zoom = map.getZoom();
  const level = data.objects[filledLevel(style, zoom)] ? filledLevel(style, zoom) : finestArea();
  const tones = style.fills[theme];
  const opacity = hasBasemap() ? style.fills.over_basemap : style.fills.opacity;
  for (const area of areas) {
    const shown = area.level === level;
    area.layer.setStyle({ fillColor: tones[area.colour % tones.length], fillOpacity: shown ? opacity : 0 });
  }
  for (const line of lines) {
    const width = outlineWidth(style, line.level, zoom);
    line.layer.setStyle({ color: style.outlines[line.level][theme], weight: width, opacity: width === 0 ? 0 : 1 });
  }
  from(layers.groups, groupLayers, zoom >= style.groups.from_zoom);
  from(layers.shelters, shelterLayers, zoom >= style.shelters.from_zoom);
  label();
}

/** Puts drawings into Folium's layer from a zoom on; the layer switch stays with that layer. @param {any} layer @param {any} drawings @param {boolean} near */
function from(layer, drawings, near) {
  if (near !== layer.hasLayer(drawings)) near ? layer.addLayer(drawings) : layer.removeLayer(drawings);
}

function hasBasemap() {
  let found = false;
  map.eachLayer((/** @type {any} */ layer) => (found ||= layer instanceof L.TileLayer));
  return found;
}

/** Writes the names that have room in what is seen. */
function label() {
  layers.labels.clearLayers();
  const zoom = map.getZoom();
  const bounds = map.getBounds().pad(0.05);
  const scale = textScale();
  /** @type {import("./labels.js").Box[]} */
  const taken = [];
  for (const level of /** @type {const} */ (["county", "township", "village", "grid"])) {
    const rule = style.labels[level];
    if (zoom < rule.from_zoom || zoom >= rule.to_zoom) continue;
    for (const { properties } of data.objects[level]?.geometries ?? []) {
      const [lon = 0, lat = 0, radius_m = 0] = properties.label ?? [];
      if (!bounds.contains([lat, lon])) continue;
      const size = labelSize(style, rule, zoom, scale);
      const text = wording(level, properties, radius_m / metresPerPixel(zoom, lat), size);
      const { x, y } = map.latLngToContainerPoint([lat, lon]);
      if (text && place(taken, boxAround(text, x, y, size))) layers.labels.addLayer(named([lat, lon], level, text, rule, size));
    }
  }
}

/** @param {string} level @param {import("./types.js").Facts} facts @param {number} space @param {number} size @returns {string[] | null} lines, the Tibetan one last and marked by its script */
function wording(level, facts, space, size) {
  if (level === "grid") {
    const short = gridLabel(facts, space, size);
    return short && [short.number, ...(short.name ? [short.name] : []), ...(short.name && facts.name_bo && space > size * 3 ? [facts.name_bo] : [])];
  }
  if (level === "village" && textWidth(facts.name, size) > space * 3) return null;
  return [facts.name, ...(facts.name_bo && space > size * 1.6 ? [facts.name_bo] : [])];
}

/** @param {[number, number]} position @param {string} level @param {string[]} words @param {import("./types.js").LabelRule} rule @param {number} size */
function named(position, level, words, rule, size) {
  const box = h("div", { class: "map-label", "data-level": level });
  box.style.cssText = `font-size:${size}px;font-weight:${rule.weight}`;
  box.style.setProperty("--label-ink", style.ink[theme]);
  box.style.setProperty("--label-halo", style.halo[theme]);
  for (const word of words) {
    const isTibetan = /\p{Script=Tibetan}/u.test(word);
    const line = h("div", isTibetan ? { lang: "bo", class: "bo" } : { class: /^\d{3}$/.test(word) ? "number" : null }, word);
    if (isTibetan) line.style.fontSize = `${(size * rule.size_bo) / rule.size}px`;
    box.append(line);
  }
  return L.marker(position, { icon: L.divIcon({ html: box, className: "map-label-anchor", iconSize: [0, 0] }), interactive: false, keyboard: false });
}

/** @param {string} code */
function show(code) {
  const polygons = shapes.get(code);
  const item = items.get(code);
  if (!polygons || !item) return;
  const [west, south, east, north] = boundsOf(polygons);
  // Without animation: the popup opens on a map that stands still, and moves it just as far as it needs.
  map.fitBounds([[south, west], [north, east]], { maxZoom: 15, padding: [60, 60], animate: false });
  const at = item.label ? [item.label[1], item.label[0]] : [(south + north) / 2, (west + east) / 2];
  L.popup(POPUP).setLatLng(at).setContent(popupOf(item)).openOn(map).on("remove", () => selected.clearLayers());
  outline(code);
}

function drawLegend() {
  byId("legend-body").replaceChildren(legendKeys(style, theme), h("p", { class: "fine" }, t("legend.groups_note")));
}

map.attributionControl.setPrefix(false);
drawAreas();
drawGroups();
drawShelters();
restyle();
drawLegend();
map.on("zoomend", restyle);
map.on("moveend", label);
map.on("baselayerchange", restyle);
onThemeChange(() => {
  restyle();
  drawLegend();
});
attachSearch(() => [...items.values()], (hit) => {
  if (hit.kind === "item") show(hit.item.code);
  else if (hit.kind === "point") map.setView([hit.point[1], hit.point[0]], 15);
  else if (hit.kind === "place" && hit.point) map.setView([hit.point[1], hit.point[0]], 17);
}, { codes: false });
if (data.finest !== "grid") {
  const note = byId("map-note");
  note.textContent = t("map.coarse", { level: t(`level.${data.finest}`) });
  note.hidden = false;
}
byId(map.getContainer().id).dataset.ready = "true";
