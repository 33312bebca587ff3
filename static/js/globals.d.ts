// The classic scripts that pages load beside our modules.
declare const ol: typeof import("ol/dist/ol.js").default;
declare const L: any;

interface Window {
  /** What the e-map's inline script hands over: Folium's map and its layers. */
  gridmapEmap?: { map: any; layers: Record<"grids" | "labels" | "groups" | "shelters", any> };
}
