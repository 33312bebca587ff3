// The page of one changeset: its diff and its problems on the map.

import "./forms.js";
import { ApiError, get } from "./api.js";
import { toast } from "./notices.js";
import { errorText } from "./panel.js";
import { onChanged } from "./work.js";
import { WorkMap } from "./workmap.js";

/** @typedef {import("./types.js").Look} Look */
/** @typedef {{id: string, geometry: any, properties: {ref: string, action: string, code: string | null}}} Draft */

const LOOKS = /** @type {Record<string, Look>} */ ({ add: "added", change: "changed", retire: "retired" });

start();

async function start() {
  const map = await WorkMap.open();
  if (!map) return;
  let shown = "";
  /** @type {{problems: any[], drafts: Draft[], codes: Record<string, string>}} */
  let told = { problems: [], drafts: [], codes: {} };
  const follow = async () => {
    const box = document.querySelector("[data-changeset]");
    const id = box?.getAttribute("data-changeset") ?? "";
    const state = `${id} ${box?.getAttribute("data-status")}`;
    if (!id || state === shown) return;
    shown = state;
    try {
      const [detail, content] = await Promise.all([get(`/api/v1/changesets/${id}`), get(`/api/v1/changesets/${id}/grids`)]);
      told = { problems: detail.problems, codes: detail.codes, drafts: content.features.filter((/** @type {Draft} */ draft) => draft.properties.action in LOOKS) };
      draw(map, told, -1);
      const bounds = map.boundsAround(told.drafts.map(({ geometry }) => geometry)) ?? map.boundsOf(detail.villages[0]);
      if (bounds) map.fit(bounds, map.margins());
    } catch (error) {
      if (error instanceof ApiError) toast(errorText(error, id), "wrong");
    }
  };
  onChanged(() => void follow());
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-show-problem], [data-show-grid]");
    if (!(button instanceof HTMLElement)) return;
    const number = Number(button.dataset.showProblem ?? -1);
    draw(map, told, number);
    const code = button.dataset.showGrid;
    const geometry = code ? told.drafts.find(({ properties }) => (properties.code ?? told.codes[properties.ref]) === code)?.geometry : told.problems[number]?.where;
    const bounds = geometry && map.boundsAround([geometry]);
    if (bounds) map.fit(bounds, map.margins(), { maxZoom: 19 });
  });
  await follow();
}

/**
 * Retired grids first, so that what takes their place lies over them; a chosen problem on top.
 * @param {WorkMap} map @param {{problems: any[], drafts: Draft[], codes: Record<string, string>}} told @param {number} problem
 */
function draw(map, { problems, drafts, codes }, problem) {
  const order = ["retire", "change", "add"];
  const sorted = [...drafts].sort((a, b) => order.indexOf(a.properties.action) - order.indexOf(b.properties.action));
  const chosen = problems[problem];
  map.overlay([
    ...sorted.map(({ geometry, properties }) => ({ geometry, look: /** @type {Look} */ (LOOKS[properties.action]), text: (properties.code ?? codes[properties.ref] ?? "").slice(12) })),
    ...(chosen?.where ? [{ geometry: chosen.where, look: /** @type {Look} */ (chosen.severity) }] : []),
  ]);
}
