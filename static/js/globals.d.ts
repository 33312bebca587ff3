// The classic scripts that pages load beside our modules.
declare const ol: typeof import("ol/dist/ol.js").default;
declare const L: any;

interface Window {
  /** What the e-map's inline script hands over: Folium's map and its layers. */
  gridmapEmap?: { map: any; layers: Record<"grids" | "labels" | "groups" | "shelters", any> };
}

/** htmx, of which our modules use this much. */
declare const htmx: {
  ajax(verb: string, path: string, options: { source: Element | string; target: Element | string; swap?: string }): Promise<void>;
  process(element: Element): void;
};
