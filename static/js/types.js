// Types of what travels between server and browser; nothing runs here.

/** @typedef {[number, number]} LonLat longitude, latitude in degrees (EPSG:4490) */
/** @typedef {"province" | "prefecture" | "county" | "township" | "village" | "grid"} Level */

/**
 * What is known of anything on the map. Areas have `colour` and `label` (lon, lat, room around it in metres).
 * @typedef {object} Facts
 * @property {string} code
 * @property {string} name
 * @property {string} [name_bo]
 * @property {number} [colour]
 * @property {[number, number, number]} [label]
 * @property {string} [kind]
 * @property {number} [area_m2]
 * @property {number} [households]
 * @property {number} [persons]
 * @property {number} [groups]
 * @property {number} [capacity]
 */

/** @typedef {Facts & {level: string}} Item something on the map, with its level */

/**
 * @typedef {object} Geometry a geometry of TopoJSON
 * @property {"Polygon" | "MultiPolygon" | "Point"} type
 * @property {string} id
 * @property {Facts} properties
 * @property {any} [arcs]
 * @property {[number, number]} [coordinates]
 */

/**
 * @typedef {object} MapDocument the TopoJSON document of `/map-data/{within}.json`
 * @property {number} version
 * @property {string} published_at
 * @property {{code: string, level: Level, name: string, name_bo: string | null}} within
 * @property {Level} finest
 * @property {number} tolerance_m
 * @property {[number, number, number, number] | null} bbox
 * @property {{scale: [number, number], translate: [number, number]}} transform
 * @property {LonLat[][]} arcs
 * @property {Record<string, {geometries: Geometry[]}>} objects
 */

/**
 * @typedef {object} Located the answer of `/api/v1/locate`
 * @property {number} lon
 * @property {number} lat
 * @property {number} version
 * @property {{code: string, name: string, name_bo: string | null, kind: string} | null} grid
 * @property {boolean} on_boundary
 * @property {{code: string, share: number | null}[]} grids
 * @property {{level: string, code: string, name: string, name_bo: string | null}[]} divisions
 * @property {{code: string, name: string} | null} group
 * @property {{code: string, distance_m: number} | null} nearest
 */

/** @typedef {"error" | "warning" | "added" | "changed" | "retired" | "past" | "same" | "sent" | "household" | "needing" | "cover-0" | "cover-1" | "cover-2" | "cover-3" | "cover-none"} Look */
/** @typedef {{geometry: any, look: Look, text?: string, key?: string}} Overlaid a GeoJSON geometry over the map; `key` comes back from a click */
/** @typedef {{light: string, dark: string}} Tone */
/** @typedef {{size: number, size_bo: number, weight: number, spaced: boolean, from_zoom: number, to_zoom: number}} LabelRule */
/** @typedef {{width: number, thin_width: number, from_zoom: number} & Tone} OutlineRule */

/**
 * @typedef {object} MapStyle `static/mapstyle.json`
 * @property {Tone} ground
 * @property {Tone} ink
 * @property {Tone} muted
 * @property {Tone} halo
 * @property {{light: string[], dark: string[], opacity: number, over_basemap: number}} fills
 * @property {{county: OutlineRule, township: OutlineRule, village: OutlineRule, grid: OutlineRule, thin_below_zoom: number}} outlines
 * @property {{township: number, village: number, grid: number}} fill_level
 * @property {{family: string, family_bo: string, county: LabelRule, township: LabelRule, village: LabelRule, grid: LabelRule, halo_width: number, small_below_zoom: number}} labels
 * @property {{line: Tone, casing: Tone, line_width: number, casing_width: number}} selected
 * @property {{fill: Tone, ring: Tone, radius: number}} point
 * @property {Tone & {width: number, dash: number[], fill_opacity: number, from_zoom: number, label_from_zoom: number}} groups
 * @property {Record<string, Tone & {width: number, dash: number[], hatch: number, ring: number}>} looks of what is laid over the map; a hatch of 0 is a pale fill
 * @property {Tone & {ink: Tone, radius: number, from_zoom: number, label_from_zoom: number}} shelters
 */

export {};
