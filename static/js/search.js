// The search box: a combobox for the keyboard first. Type, arrows, Enter, Esc.

import { get } from "./api.js";
import { writeCoordinates } from "./coordinates.js";
import { byId, h, tibetan } from "./dom.js";
import { findIn } from "./find.js";
import { groupedCode } from "./format.js";
import { t } from "./messages.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./find.js").Hit} Hit */
/** @typedef {{kind: "place", id: string, label: string, level: string, point: import("./types.js").LonLat | null, page: string | null, detail?: string}} Place what the server found */

const ASK_AFTER_MS = 120;
const PLACES_SHOWN = 8;
const RECENT = "gridmap_recent";
const RECENT_KEPT = 8;
// Who was looked for stays with nobody: only places are remembered on this machine.

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
    if (!query) {
      clearTimeout(waiting);
      asking?.abort();
      return show(recent(), "", "none");
    }
    const known = findIn(items(), query).filter((hit) => codes || hit.kind !== "code");
    // Only who may search addresses asks the server; a point or a code needs no search.
    const asks = byId("search-form").hasAttribute("data-asks") && query.length >= 2 && known.every((hit) => hit.kind === "item");
    show(known, query, asks ? "wait" : "none");
    clearTimeout(waiting);
    asking?.abort();
    if (asks) waiting = setTimeout(() => void askServer(query, known), ASK_AFTER_MS);
  }

  /** Adds what the server finds, by right: doors by words, pinyin or half of them, buildings, officers. @param {string} query @param {Hit[]} known */
  async function askServer(query, known) {
    asking = new AbortController();
    try {
      const asked = new URLSearchParams({ limit: String(PLACES_SHOWN), q: query, ...shownPlace() });
      const found = await get(`/api/v1/search?${asked}`, { signal: asking.signal });
      const codesKnown = new Set(known.map((hit) => (hit.kind === "item" ? hit.item.code : "")));
      const places = found.results.map(placeOf).filter((/** @type {Place} */ { id }) => id && !codesKnown.has(id));
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
    open((query !== "" || hits.length > 0) && document.activeElement === input);
    // What was chosen before is offered, not chosen again by a slip on Enter.
    activate(hits.length > 0 && query ? 0 : -1);
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
    if (hit.kind === "place") keep(hit);
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
  input.addEventListener("focus", update);
  byId("search-form").addEventListener("submit", (event) => event.preventDefault());
}

/** @param {any} thing @returns {Place} */
function placeOf({ kind, code, label, lon, lat, page, match_level, detail }) {
  const level = kind === "address" && detail.neighbour ? "neighbour" : kind === "address" || kind === "place" ? (match_level ?? "door") : kind === "division" ? detail.level : kind;
  return { kind: "place", id: code, label, level, point: lon === null ? null : [lon, lat], page, detail: detail.unit ?? (kind === "building" ? detail.address : undefined) };
}

/** The village, grid or group on the screen, in which 12号 alone is a door. @returns {{shown?: string}} */
function shownPlace() {
  const query = new URLSearchParams(location.search);
  const within = document.querySelector("[data-within]")?.getAttribute("data-within");
  const shown = [...["group", "grid", "code", "within"].map((name) => query.get(name)), within].find((code) => /^\d{12,17}$/.test(code ?? ""));
  return shown ? { shown } : {};
}

/** What was chosen here lately. @returns {Place[]} */
function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {Place} place */
function keep(place) {
  if (!/^[AB0-9]/.test(place.id)) return;
  const { id, label, level, point, page } = place;
  const others = recent().filter((other) => other.id !== id);
  try {
    localStorage.setItem(RECENT, JSON.stringify([{ kind: "place", id, label, level, point, page }, ...others].slice(0, RECENT_KEPT)));
  } catch {
    // A browser that keeps nothing does without.
  }
}

/** @param {Hit | Place} hit @returns {(Node | null)[]} */
function words(hit) {
  if (hit.kind === "place") {
    const more = hit.detail ? h("span", { class: "code" }, hit.detail) : null;
    return [h("span", {}, hit.label), h("span", { class: "what" }, t(`search.${hit.level}`)), more];
  }
  if (hit.kind === "point") return [h("span", {}, writeCoordinates(hit.point)), h("span", { class: "what" }, t("search.go_point"))];
  if (hit.kind === "code") return [h("span", { class: "code" }, hit.code), h("span", { class: "what" }, t("search.go_code"))];
  const { item } = hit;
  return [
    h("span", {}, item.name, " ", tibetan(item.name_bo)),
    h("span", { class: "what" }, t(`level.${item.level}`)),
    item.level === "shelter" ? null : h("span", { class: "code" }, groupedCode(item.code)),
  ];
}
