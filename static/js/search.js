// The search box: a combobox for the keyboard first. Type, arrows, Enter, Esc.

import { get } from "./api.js";
import { writeCoordinates } from "./coordinates.js";
import { byId, h, tibetan } from "./dom.js";
import { findIn } from "./find.js";
import { groupedCode } from "./format.js";
import { t } from "./messages.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./find.js").Hit} Hit */
/** @typedef {{kind: "place", id: string, label: string, level: string, point: import("./types.js").LonLat | null}} Place a door or place that the server found */

const ASK_AFTER_MS = 120;
const PLACES_SHOWN = 7;

/**
 * Brings the page's search box to life.
 * @param {() => Item[]} items what can be found now
 * @param {(hit: Hit | Place) => void} choose
 * @param {{codes: boolean}} options whether a code that is not on this map can be asked for
 */
export function attachSearch(items, choose, { codes }) {
  const input = /** @type {HTMLInputElement} */ (byId("search"));
  const list = byId("search-list");
  const sheet = byId("search-sheet");
  const note = byId("search-note");
  /** @type {(Hit | Place)[]} */
  let hits = [];
  let active = -1;
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;

  function update() {
    const query = input.value.trim();
    const known = findIn(items(), query).filter((hit) => codes || hit.kind !== "code");
    // Only who may search addresses asks the server; a point or a code needs no search.
    const asks = byId("search-form").hasAttribute("data-asks") && query.length >= 2 && known.every((hit) => hit.kind === "item");
    show(known, query, asks ? "wait" : "none");
    clearTimeout(waiting);
    asking?.abort();
    if (asks) waiting = setTimeout(() => void askServer(query, known), ASK_AFTER_MS);
  }

  /** Adds what the server finds: doors, by words, pinyin or half of them. @param {string} query @param {Hit[]} known */
  async function askServer(query, known) {
    asking = new AbortController();
    try {
      const found = await get(`/api/v1/addresses/search?autocomplete=true&limit=${PLACES_SHOWN}&q=${encodeURIComponent(query)}`, { signal: asking.signal });
      const codesKnown = new Set(known.map((hit) => (hit.kind === "item" ? hit.item.code : "")));
      const places = found.features.map(placeOf).filter((/** @type {Place} */ { id }) => !codesKnown.has(id));
      const chosen = active;
      show([...known, ...places], query, "none");
      // What was chosen with the arrows meanwhile stays chosen.
      if (chosen > 0 && chosen < known.length) activate(chosen);
    } catch (error) {
      if (!(error instanceof DOMException)) show(known, query, "none");
    }
  }

  /** @param {(Hit | Place)[]} found @param {string} query @param {"none" | "wait"} empty */
  function show(found, query, empty) {
    hits = found;
    list.replaceChildren(...hits.map(optionOf));
    note.textContent = query && hits.length === 0 ? (empty === "wait" ? t("search.wait") : t("search.none", { query })) : "";
    open(query !== "" && document.activeElement === input);
    activate(hits.length > 0 ? 0 : -1);
  }

  /** @param {Hit | Place} hit @param {number} index */
  function optionOf(hit, index) {
    const option = h("li", { role: "option", id: `search-option-${index}`, "aria-selected": "false" }, ...words(hit));
    // Pressing must not take the focus from the box before the choice is made.
    option.addEventListener("pointerdown", (event) => event.preventDefault());
    option.addEventListener("click", () => take(index));
    return option;
  }

  /** @param {boolean} shown */
  function open(shown) {
    sheet.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown && hits.length > 0));
  }

  /** @param {number} index */
  function activate(index) {
    active = index;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    const option = list.children[index];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  function take(index) {
    const hit = hits[index];
    if (!hit) return;
    open(false);
    choose(hit);
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowDown: () => (sheet.hidden ? update() : activate(hits.length ? (active + 1) % hits.length : -1)),
    ArrowUp: () => activate(hits.length ? (active - 1 + hits.length) % hits.length : -1),
    Enter: () => (sheet.hidden ? update() : take(active)),
    Escape: () => {
      if (sheet.hidden) input.value = "";
      open(false);
    },
  };

  input.addEventListener("input", update);
  input.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.isComposing) return;
    event.preventDefault();
    // An open list takes Esc for itself; only the next one closes the panel.
    if (event.key === "Escape" && !sheet.hidden) event.stopPropagation();
    act();
  });
  input.addEventListener("blur", () => open(false));
  input.addEventListener("focus", () => input.value && update());
  byId("search-form").addEventListener("submit", (event) => event.preventDefault());
}

/** @param {any} feature @returns {Place} */
function placeOf({ geometry, properties: { id, label, match_level, neighbour } }) {
  return { kind: "place", id, label, level: neighbour ? "neighbour" : match_level, point: geometry?.coordinates ?? null };
}

/** @param {Hit | Place} hit @returns {(Node | null)[]} */
function words(hit) {
  if (hit.kind === "place") return [h("span", {}, hit.label), h("span", { class: "what" }, t(`search.${hit.level}`))];
  if (hit.kind === "point") return [h("span", {}, writeCoordinates(hit.point)), h("span", { class: "what" }, t("search.go_point"))];
  if (hit.kind === "code") return [h("span", { class: "code" }, hit.code), h("span", { class: "what" }, t("search.go_code"))];
  const { item } = hit;
  return [
    h("span", {}, item.name, " ", tibetan(item.name_bo)),
    h("span", { class: "what" }, t(`level.${item.level}`)),
    item.level === "shelter" ? null : h("span", { class: "code" }, groupedCode(item.code)),
  ];
}
