// The map of pages with a list: the command map with its tools, fitted beside the drawer.

import { ApiError, get } from "./api.js";
import { writeCoordinates } from "./coordinates.js";
import { byId, h } from "./dom.js";
import { CommandMap } from "./map.js";
import { onThemeChange } from "./mapstyle.js";
import { t } from "./messages.js";
import { errorText } from "./panel.js";

/** @typedef {import("./types.js").MapDocument} MapDocument */

/** A map beside a list, with what it draws. */
export class WorkMap extends CommandMap {
  /** The code of what is drawn. */
  drawn = "";

  /**
   * The page's map, when it has been drawn; null on a page without one, or when it can't be had, which the map tells.
   * @returns {Promise<WorkMap | null>}
   */
  static async open() {
    const code = byId("work").dataset.map;
    if (!code) return null;
    const slow = setTimeout(() => tell(t("map.loading")), 200);
    try {
      const [style, document_] = await Promise.all([get("/static/mapstyle.json"), get(`/map-data/${code}.json`)]);
      const map = new WorkMap(byId("map"), byId("scale"), style);
      map.draw(code, document_);
      map.fit(map.home, map.margins(), { animated: false });
      map.wire();
      // Letters drawn before their font has come would stay in another one.
      document.fonts.load('16px "Noto Serif Tibetan"', "ཀ").then(() => map.restyle());
      byId("map").dataset.ready = "true";
      return map;
    } catch (error) {
      tell(error instanceof ApiError ? errorText(error, code) : String(error), "error", () => location.reload());
      return null;
    } finally {
      clearTimeout(slow);
    }
  }

  /** @param {string} code @param {MapDocument} document_ */
  draw(code, document_) {
    this.show(document_);
    this.drawn = code;
    tell(document_.finest === "grid" ? null : t("map.coarse", { level: t(`level.${document_.finest}`) }));
  }

  /** Draws another county when something outside the one that is drawn is wanted. @param {string} code */
  async drawFor(code) {
    const wanted = code.slice(0, 6);
    if (wanted === this.drawn || wanted.length < 6) return;
    const slow = setTimeout(() => tell(t("map.loading")), 200);
    try {
      this.draw(wanted, await get(`/map-data/${wanted}.json`));
    } finally {
      clearTimeout(slow);
    }
  }

  wire() {
    this.onPointer((point) => (byId("pointer").textContent = point ? writeCoordinates(point) : ""));
    onThemeChange(() => this.restyle());
    byId("zoom-in").addEventListener("click", () => this.zoomBy(1));
    byId("zoom-out").addEventListener("click", () => this.zoomBy(-1));
    byId("zoom-home").addEventListener("click", () => this.fit(this.home, this.margins()));
  }

  /** The middle of a GeoJSON geometry, on the lattice. @param {any} geometry @returns {import("./types.js").LonLat | null} */
  middleOf(geometry) {
    const bounds = geometry && this.boundsAround([geometry]);
    if (!bounds) return null;
    const [west, south, east, north] = bounds;
    return [Number(((west + east) / 2).toFixed(7)), Number(((south + north) / 2).toFixed(7))];
  }

  /** What the drawer covers: top, right, bottom, left. @returns {number[]} */
  margins() {
    const edge = 28;
    const drawer = byId("drawer");
    const map = byId("map").getBoundingClientRect();
    const over = drawer.getBoundingClientRect();
    const covers = over.width > 0 && over.left > map.left && over.width < map.width - 4 * edge;
    return covers ? [edge, over.width + 2 * edge, edge + 16, edge] : [edge, edge, edge + 16, edge];
  }
}

/** Says something over the map, or nothing. @param {string | null} text @param {"info" | "error"} [kind] @param {() => void} [retry] */
export function tell(text, kind = "info", retry) {
  const note = byId("map-note");
  note.hidden = text === null;
  note.dataset.kind = kind;
  note.replaceChildren(text ?? "", ...(retry ? [h("button", { type: "button", click: retry }, t("error.retry"))] : []));
}
