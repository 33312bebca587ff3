// The search box: a combobox for the keyboard first. Type, arrows, Enter, Esc.

import { writeCoordinates } from "./coordinates.js";
import { byId, h, tibetan } from "./dom.js";
import { findIn } from "./find.js";
import { groupedCode } from "./format.js";
import { t } from "./messages.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./find.js").Hit} Hit */

/**
 * Brings the page's search box to life.
 * @param {() => Item[]} items what can be found now
 * @param {(hit: Hit) => void} choose
 * @param {{codes: boolean}} options whether a code that is not on this map can be asked for
 */
export function attachSearch(items, choose, { codes }) {
  const input = /** @type {HTMLInputElement} */ (byId("search"));
  const list = byId("search-list");
  const sheet = byId("search-sheet");
  const note = byId("search-note");
  /** @type {Hit[]} */
  let hits = [];
  let active = -1;

  function update() {
    const query = input.value.trim();
    hits = findIn(items(), query).filter((hit) => codes || hit.kind !== "code");
    list.replaceChildren(...hits.map(optionOf));
    note.textContent = query && hits.length === 0 ? t("search.none", { query }) : "";
    open(query !== "");
    activate(hits.length > 0 ? 0 : -1);
  }

  /** @param {Hit} hit @param {number} index */
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

/** @param {Hit} hit @returns {(Node | null)[]} */
function words(hit) {
  if (hit.kind === "point") return [h("span", {}, writeCoordinates(hit.point)), h("span", { class: "what" }, t("search.go_point"))];
  if (hit.kind === "code") return [h("span", { class: "code" }, hit.code), h("span", { class: "what" }, t("search.go_code"))];
  const { item } = hit;
  return [
    h("span", {}, item.name, " ", tibetan(item.name_bo)),
    h("span", { class: "what" }, t(`level.${item.level}`)),
    item.level === "shelter" ? null : h("span", { class: "code" }, groupedCode(item.code)),
  ];
}
