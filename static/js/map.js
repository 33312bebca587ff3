// The command map. The only file that knows OpenLayers.

import { outlineWidth, shownTheme, textScale } from "./mapstyle.js";
import { arcsByLevel, decodeArcs, polygonsOf } from "./topology.js";
import { mapStyles } from "./mapstyles.js";

/** @typedef {import("./types.js").MapDocument} MapDocument */
/** @typedef {import("./types.js").MapStyle} MapStyle */
/** @typedef {import("./types.js").LonLat} LonLat */
/** @typedef {import("./viewstate.js").View} View */
/** @typedef {[number, number, number, number]} Bounds west, south, east, north in degrees */

const AREAS = ["province", "prefecture", "county", "township", "village", "grid"];
const TILES = { vec: "cva", img: "cia", ter: "cta" };
const GEOGRAPHIC = { dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" };

/** A map on the screen; coordinates in and out are degrees. */
export class CommandMap {
  /** @param {HTMLElement} target @param {HTMLElement} scale @param {MapStyle} style */
  constructor(target, scale, style) {
    this.style = style;
    this.quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.view = new ol.View({ center: [0, 0], zoom: 3, minZoom: 4, maxZoom: 20, enableRotation: false, showFullExtent: true });
    this.basemap = new ol.layer.Group({ layers: [] });
    this.baseName = "none";
    this.styles = mapStyles(style, shownTheme(), textScale(), () => this.baseName !== "none");
    this.layers = this.#makeLayers();
    this.map = new ol.Map({
      target,
      view: this.view,
      layers: [this.basemap, ...Object.values(this.layers)],
      controls: [new ol.control.ScaleLine({ target: scale, minWidth: 64 })],
      moveTolerance: 4,
    });
    this.home = /** @type {Bounds} */ ([-180, -80, 180, 80]);
    /** @type {Map<string, import("ol/geom/Geometry.js").default>} what can be chosen, by code */
    this.shapes = new Map();
  }

  #makeLayers() {
    const { fill_level } = this.style;
    const vector = (/** @type {object} */ options) => new ol.layer.Vector({ source: new ol.source.Vector(), updateWhileAnimating: true, updateWhileInteracting: true, ...options });
    return {
      township: vector({ style: (/** @type {any} */ f) => this.styles.fill(f), maxZoom: fill_level.village }),
      village: vector({ style: (/** @type {any} */ f) => this.styles.fill(f), minZoom: fill_level.village, maxZoom: fill_level.grid }),
      grid: vector({ style: (/** @type {any} */ f) => this.styles.fill(f), minZoom: fill_level.grid }),
      lines: vector({ style: (/** @type {any} */ f) => this.styles.line(f, this.#width(f.get("level"))) }),
      groups: vector({ style: (/** @type {any} */ f) => this.styles.group(f, this.#zoom()), minZoom: this.style.groups.from_zoom }),
      overlay: vector({ style: (/** @type {any} */ f, /** @type {number} */ resolution) => this.styles.overlay(f, resolution) }),
      selected: vector({ style: () => this.styles.selected() }),
      shelters: vector({ style: (/** @type {any} */ f) => this.styles.shelter(f, this.#zoom()), minZoom: this.style.shelters.from_zoom, declutter: "names" }),
      labels: vector({ style: (/** @type {any} */ f) => this.styles.label(f, this.#zoom()), declutter: "names" }),
      point: vector({ style: () => this.styles.point() }),
    };
  }

  #zoom() {
    return this.view.getZoom() ?? 0;
  }

  /** @param {"county" | "township" | "village" | "grid"} level */
  #width(level) {
    return outlineWidth(this.style, level, this.#zoom());
  }

  /** Draws a document in place of what was there. @param {MapDocument} document */
  show(document) {
    const arcs = decodeArcs(document);
    this.shapes.clear();
    for (const [name, layer] of Object.entries(this.layers)) if (name !== "overlay") layer.getSource()?.clear();
    for (const level of [...AREAS, "group"]) {
      for (const geometry of document.objects[level]?.geometries ?? []) this.#addArea(level, geometry, arcs);
    }
    this.#addLines(arcsByLevel(document), arcs);
    for (const shelter of document.objects.shelter?.geometries ?? []) this.#addShelter(shelter, document);
    if (document.bbox) this.home = document.bbox;
  }

  /** @param {string} level @param {import("./types.js").Geometry} geometry @param {LonLat[][]} arcs */
  #addArea(level, geometry, arcs) {
    const shape = new ol.geom.MultiPolygon(polygonsOf(geometry, arcs)).transform("EPSG:4326", "EPSG:3857");
    this.shapes.set(geometry.id, shape);
    const facts = { ...geometry.properties, level };
    const layer = { township: this.layers.township, village: this.layers.village, grid: this.layers.grid, group: this.layers.groups }[level];
    layer?.getSource()?.addFeature(new ol.Feature({ geometry: shape, facts }));
    const { label } = geometry.properties;
    if (label) this.layers.labels.getSource()?.addFeature(new ol.Feature({ geometry: new ol.geom.Point(ol.proj.fromLonLat(label.slice(0, 2))), facts }));
  }

  /** @param {Map<string, number[]>} levels @param {LonLat[][]} arcs */
  #addLines(levels, arcs) {
    for (const [level, numbers] of levels) {
      const drawn = level === "province" || level === "prefecture" ? "county" : level;
      this.layers.lines.getSource()?.addFeatures(numbers.map((number) =>
        new ol.Feature({ geometry: new ol.geom.LineString(arcs[number] ?? []).transform("EPSG:4326", "EPSG:3857"), level: drawn })));
    }
  }

  /** @param {import("./types.js").Geometry} shelter @param {MapDocument} document */
  #addShelter(shelter, { transform }) {
    const position = (shelter.coordinates ?? [0, 0]).map((steps, axis) => steps * (transform.scale[axis] ?? 1));
    this.shapes.set(shelter.id, new ol.geom.Point(ol.proj.fromLonLat(position)));
    this.layers.shelters.getSource()?.addFeature(new ol.Feature({ geometry: this.shapes.get(shelter.id), facts: { ...shelter.properties, level: "shelter" } }));
  }

  /** Follows a change of theme or size. */
  restyle() {
    this.styles = mapStyles(this.style, shownTheme(), textScale(), () => this.baseName !== "none");
    for (const layer of Object.values(this.layers)) layer.changed();
  }

  /** Outlines one thing, or nothing. @param {string | null} code @param {object | null} [geojson] its shape, when the map has none */
  select(code, geojson = null) {
    const source = this.layers.selected.getSource();
    source?.clear();
    const shape = (code && this.shapes.get(code)) || (geojson && new ol.format.GeoJSON(GEOGRAPHIC).readGeometry(geojson));
    if (shape && shape.getType() !== "Point") source?.addFeature(new ol.Feature(shape));
    return Boolean(shape);
  }

  /** Lays things over the map in place of what lay there. @param {import("./types.js").Overlaid[]} things */
  overlay(things) {
    const source = this.layers.overlay.getSource();
    const format = new ol.format.GeoJSON(GEOGRAPHIC);
    source?.clear();
    source?.addFeatures(things.map(({ geometry, look, text, key }) => new ol.Feature({ geometry: /** @type {any} */ (format.readGeometry(geometry)), look, text, key })));
  }

  /** The bounds of GeoJSON geometries. @param {any[]} geometries @returns {Bounds | null} */
  boundsAround(geometries) {
    const extent = ol.extent.createEmpty();
    const format = new ol.format.GeoJSON();
    for (const geometry of geometries) ol.extent.extend(extent, /** @type {any} */ (format.readGeometry(geometry)).getExtent());
    return !Number.isFinite(extent[0]) ? null : /** @type {Bounds} */ (extent);
  }

  /** The polygons of something on the map, in degrees. @param {string} code @returns {LonLat[][][]} */
  polygonsIn(code) {
    const shape = /** @type {any} */ (this.shapes.get(code)?.clone().transform("EPSG:3857", "EPSG:4326"));
    return shape && shape.getType() !== "Point" ? shape.getCoordinates() : [];
  }

  /** Calls back with the key of what is laid over the map and was clicked; whether it was. @param {(key: string) => void} clicked */
  onOverlayClick(clicked) {
    this.map.on("singleclick", (/** @type {any} */ event) => {
      const key = this.overlayAt(event.pixel);
      if (key) clicked(key);
    });
  }

  /** @param {number[]} pixel @returns {string | null} */
  overlayAt(pixel) {
    return this.map.forEachFeatureAtPixel(pixel, (/** @type {any} */ feature) => feature.get("key") ?? null, { layerFilter: (/** @type {any} */ layer) => layer === this.layers.overlay, hitTolerance: 6 }) ?? null;
  }

  /** Marks a point, or none. @param {LonLat | null} point */
  mark(point) {
    const source = this.layers.point.getSource();
    source?.clear();
    if (point) source?.addFeature(new ol.Feature(new ol.geom.Point(ol.proj.fromLonLat(point))));
  }

  /**
   * Lets a point be put: dragged, by a click, or at the keyboard by Enter on the middle of the map.
   * @param {LonLat} point @param {(point: LonLat) => void} moved
   * @returns {() => void} what ends it
   */
  placing(point, moved) {
    const put = (/** @type {LonLat} */ to) => {
      this.mark(to);
      moved(to);
    };
    const drag = new ol.interaction.Translate({ layers: [this.layers.point], hitTolerance: 14 });
    drag.on("translateend", (/** @type {any} */ event) => put(onLattice(/** @type {LonLat} */ (ol.proj.toLonLat(event.features.item(0).getGeometry().getCoordinates())))));
    const click = (/** @type {any} */ event) => put(onLattice(/** @type {LonLat} */ (ol.proj.toLonLat(event.coordinate))));
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter") return;
      event.stopPropagation();
      put(onLattice(this.getView().centre));
    };
    const target = this.map.getTargetElement();
    this.map.addInteraction(drag);
    this.map.on("singleclick", click);
    target?.addEventListener("keydown", key);
    put(point);
    return () => {
      this.map.removeInteraction(drag);
      this.map.un("singleclick", click);
      target?.removeEventListener("keydown", key);
      this.mark(null);
    };
  }

  /** @param {"fills" | "grids" | "labels" | "groups" | "shelters"} name @param {boolean} shown */
  setLayer(name, shown) {
    if (name === "fills") for (const level of /** @type {const} */ (["township", "village", "grid"])) this.layers[level].setVisible(shown);
    else if (name === "grids") {
      this.styles.showGridLines = shown;
      this.layers.lines.changed();
    } else this.layers[name].setVisible(shown);
  }

  /** A Tianditu pair below everything, or none. @param {string} name @param {string} key */
  setBase(name, key) {
    this.baseName = name;
    const pair = name in TILES ? [name, TILES[/** @type {keyof typeof TILES} */ (name)]] : [];
    this.basemap.setLayers(new ol.Collection(pair.map((layer) => new ol.layer.Tile({ source: tianditu(layer, key) }))));
    this.restyle();
  }

  /** @param {Bounds} bounds @param {number[]} padding top, right, bottom, left in pixels @param {{maxZoom?: number, animated?: boolean}} [options] */
  fit(bounds, padding, { maxZoom = 15, animated = true } = {}) {
    const extent = ol.proj.transformExtent(bounds, "EPSG:4326", "EPSG:3857");
    this.view.fit(extent, { padding, maxZoom, duration: animated && !this.quiet ? 250 : 0 });
  }

  /** The bounds of something on the map. @param {string} code @returns {Bounds | null} */
  boundsOf(code) {
    const shape = this.shapes.get(code);
    return shape ? /** @type {Bounds} */ (ol.proj.transformExtent(shape.getExtent(), "EPSG:3857", "EPSG:4326")) : null;
  }

  /** Brings a point into view without moving more than needed. @param {LonLat} point @param {number[]} padding */
  reveal(point, padding) {
    const [top = 0, right = 0, bottom = 0, left = 0] = padding;
    const pixel = this.map.getPixelFromCoordinate(ol.proj.fromLonLat(point));
    const [width = 0, height = 0] = this.map.getSize() ?? [];
    const seen = pixel && pixel[0] > left && pixel[0] < width - right && pixel[1] > top && pixel[1] < height - bottom;
    if (!seen) this.view.animate({ center: ol.proj.fromLonLat(point), duration: this.quiet ? 0 : 250 });
  }

  /** @param {number} steps */
  zoomBy(steps) {
    this.view.animate({ zoom: this.#zoom() + steps, duration: this.quiet ? 0 : 150 });
  }

  /** @returns {View} */
  getView() {
    const [lon = 0, lat = 0] = ol.proj.toLonLat(this.view.getCenter() ?? [0, 0]);
    return { zoom: this.#zoom(), centre: onLattice([lon, lat]) };
  }

  /** @param {View} view */
  setView({ zoom, centre }) {
    this.view.setCenter(ol.proj.fromLonLat(centre));
    this.view.setZoom(zoom);
  }

  /** A click on what is laid over the map is none on the map. @param {(point: LonLat, shelter: string | null) => void} clicked */
  onClick(clicked) {
    this.map.on("singleclick", (/** @type {any} */ event) => {
      if (this.overlayAt(event.pixel)) return;
      clicked(onLattice(ol.proj.toLonLat(event.coordinate)), this.#shelterAt(event.coordinate));
    });
  }

  /** The shelter whose sign is under a place of the map. @param {number[]} coordinate @returns {string | null} */
  #shelterAt(coordinate) {
    const layer = this.layers.shelters;
    if (!layer.getVisible() || this.#zoom() < this.style.shelters.from_zoom) return null;
    const nearest = layer.getSource()?.getClosestFeatureToCoordinate(coordinate);
    const at = /** @type {any} */ (nearest?.getGeometry())?.getCoordinates();
    if (!nearest || !at) return null;
    const pixels = Math.hypot(at[0] - (coordinate[0] ?? 0), at[1] - (coordinate[1] ?? 0)) / (this.view.getResolution() ?? 1);
    return pixels <= this.style.shelters.radius * 1.6 ? nearest.get("facts").code : null;
  }

  /** @param {(point: LonLat | null) => void} moved */
  onPointer(moved) {
    this.map.on("pointermove", (/** @type {any} */ event) => moved(/** @type {LonLat} */ (ol.proj.toLonLat(event.coordinate))));
    this.map.getTargetElement()?.addEventListener("pointerleave", () => moved(null));
  }

  /** @param {() => void} moved */
  onMoved(moved) {
    this.map.on("moveend", moved);
  }
}

/** A clicked place on the lattice of 1e-7°, a centimetre: a link to it must ask for the very same point. @param {number[]} place @returns {LonLat} */
function onLattice([lon = 0, lat = 0]) {
  return [Number(lon.toFixed(7)), Number(lat.toFixed(7))];
}

/** @param {string} layer @param {string} key */
function tianditu(layer, key) {
  return new ol.source.XYZ({
    url: `https://t{0-7}.tianditu.gov.cn/${layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=${layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=${encodeURIComponent(key)}`,
    minZoom: 1,
    maxZoom: 18,
  });
}
