// The pages of people: doors on the map, what is shown unmasked for a purpose, history, and whom an absence leaves alone.

import { ApiError, get } from "./api.js";
import { byId, h } from "./dom.js";
import { shortTime } from "./forms.js";
import { t } from "./messages.js";
import { toast } from "./notices.js";
import { errorText } from "./panel.js";
import { go, onChanged, showRow } from "./work.js";
import { WorkMap } from "./workmap.js";

const CLOSE_ENOUGH = 17;

async function start() {
  document.addEventListener("click", onClick);
  document.addEventListener("toggle", onToggle, { capture: true });
  document.addEventListener("gridmap:saved", onSaved);
  byIdIfThere("unmask-no")?.addEventListener("click", () => dialog().close());
  dialogIfThere()?.querySelector("form")?.addEventListener("submit", onPurpose);
  const map = document.getElementById("map") ? await WorkMap.open() : null;
  const page = new PeoplePage(map);
  onChanged(() => page.follow());
  map?.onOverlayClick((key) => page.choose(key));
  page.follow();
}

/** What the page shows, read from its address and parts. */
class PeoplePage {
  within = "";
  chosen = "";

  /** @param {WorkMap | null} map */
  constructor(map) {
    this.map = map;
  }

  follow() {
    const card = document.querySelector("#drawer [data-code]");
    const chosen = card?.getAttribute("data-code") ?? "";
    const within = document.querySelector("[data-within]")?.getAttribute("data-within") ?? "";
    markRow(chosen);
    this.#draw(card, within, chosen);
    this.within = within;
    this.chosen = chosen;
  }

  /** @param {Element | null} card @param {string} within @param {string} chosen */
  #draw(card, within, chosen) {
    const map = this.map;
    if (!map) return;
    const own = card?.querySelectorAll("[data-point]") ?? [];
    map.overlay([...(own.length > 0 ? own : document.querySelectorAll("#rows [data-point]"))].map(overlaid));
    const point = card && pointOf(card);
    map.mark(point ?? null);
    if (within !== this.within) {
      map.select(within.length > 6 ? within.slice(0, 15) : null);
      const bounds = map.boundsOf(within.slice(0, 15)) ?? map.boundsOf(within.slice(0, 12)) ?? map.home;
      map.fit(bounds, map.margins());
    }
    if (chosen === this.chosen || chosen === "") return;
    const grid = card?.getAttribute("data-grid") ?? "";
    if (grid) map.select(grid);
    const around = grid ? map.boundsOf(grid) : null;
    if (point && around) map.fit(around, map.margins());
    else if (point) map.reveal(point, map.margins());
    else if (own.length > 0) {
      const bounds = map.boundsAround([...own].map((each) => geometryOf(pointOf(each))));
      if (bounds) map.fit(bounds, map.margins(), { maxZoom: CLOSE_ENOUGH });
    }
  }

  /** A door that was clicked on the map. @param {string} key */
  choose(key) {
    if (key.startsWith("row-")) void go(address({ household: key.slice(4), new: null }), "drawer");
    else if (key.startsWith("door-")) location.assign(`/households?household=${key.slice(5)}`);
  }
}

/** @param {Element} element @returns {import("./types.js").LonLat | null} */
function pointOf(element) {
  const said = element.getAttribute("data-point");
  if (!said) return null;
  const [lon, lat] = said.split(" ").map(Number);
  return [lon, lat];
}

/** @param {import("./types.js").LonLat | null} point */
function geometryOf(point) {
  return { type: "Point", coordinates: point ?? [0, 0] };
}

/** @param {Element} element @returns {import("./types.js").Overlaid} */
function overlaid(element) {
  const look = element.getAttribute("data-look") === "needing" ? "needing" : "household";
  return { geometry: geometryOf(pointOf(element)), look, key: element.id };
}

/** This page's address with parameters changed. @param {Record<string, string | null>} changes */
function address(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) value === null ? query.delete(name) : query.set(name, value);
  return `${location.pathname}?${query}`;
}

/** @param {string} chosen */
function markRow(chosen) {
  document.querySelector('#rows tr[aria-current="true"]')?.removeAttribute("aria-current");
  const row = chosen && document.getElementById(`row-${chosen}`);
  if (!row) return;
  row.setAttribute("aria-current", "true");
  showRow(row);
}

/** @param {string} id */
function byIdIfThere(id) {
  return document.getElementById(id);
}

function dialogIfThere() {
  return /** @type {HTMLDialogElement | null} */ (document.getElementById("unmask"));
}

function dialog() {
  return /** @type {HTMLDialogElement} */ (byId("unmask"));
}

/** @param {Event} event */
function onClick(event) {
  if (!(event.target instanceof Element) || !event.target.closest("[data-ask-unmask]")) return;
  tellUnmask(null);
  dialog().showModal();
  byId("unmask-purpose").focus();
}

/** Shows name and phone of whom the drawer shows; the server has written down who asked and what for. @param {Event} event */
async function onPurpose(event) {
  event.preventDefault();
  const facts = document.querySelector("#drawer [data-unmasked-of]");
  const purpose = /** @type {HTMLInputElement} */ (byId("unmask-purpose")).value.trim();
  if (!facts) return dialog().close();
  try {
    const query = new URLSearchParams({ unmask: "name,phone", purpose });
    const told = await get(`${facts.getAttribute("data-unmasked-of")}?${query}`);
    const person = told.head ?? told;
    for (const place of facts.querySelectorAll("[data-unmask]")) place.textContent = person[place.getAttribute("data-unmask") ?? ""] ?? "—";
    document.querySelector("[data-ask-unmask]")?.replaceWith(h("p", { class: "fine", role: "status" }, t("unmask.recorded", { purpose })));
    dialog().close();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    tellUnmask(error.errors[0]?.message ?? errorText(error, ""));
  }
}

/** @param {string | null} message */
function tellUnmask(message) {
  const place = byId("unmask-error");
  place.hidden = message === null;
  place.textContent = message ?? "";
}

/** A history is read when it is opened: reading it is recorded. @param {Event} event */
async function onToggle(event) {
  const box = event.target;
  if (!(box instanceof HTMLDetailsElement) || !box.open || !box.dataset.historyOf) return;
  const place = box.querySelector(".history-box");
  if (!place || place.childElementCount > 0) return;
  try {
    const { revisions } = await get(box.dataset.historyOf);
    place.replaceChildren(h("ol", { class: "states" }, ...[...revisions].reverse().map(revision)));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    place.replaceChildren(h("p", { class: "error" }, errorText(error, "")));
  }
}

/** @param {{at: string, actor: string, action: string, record: Record<string, unknown>}} state @param {number} index @param {any[]} all newest first */
function revision(state, index, all) {
  const before = all[index + 1]?.record ?? {};
  const changed = Object.entries(state.record).filter(([name, value]) => index === all.length - 1 ? false : JSON.stringify(before[name]) !== JSON.stringify(value));
  return h("li", {},
    h("p", {}, h("strong", {}, t(`history.${state.action}`)), ` · ${shortTime(state.at)} · ${state.actor.replace(/^\w+:/, "") || "—"}`),
    ...changed.map(([name, value]) => h("p", { class: "fine" }, t("history.field", { field: t(`field.${name}`), before: shown(before[name]), after: shown(value) }))),
  );
}

/** @param {unknown} value */
function shown(value) {
  if (value === null || value === undefined || value === "") return "—";
  const word = t(`value.${value}`);
  return word.startsWith("value.") ? String(value) : word;
}

/** An absence or a retirement says how many households are without this contact. @param {Event} event */
function onSaved(event) {
  const { consequences } = /** @type {CustomEvent} */ (event).detail ?? {};
  if (!consequences) return;
  const count = consequences.households.length + consequences.elsewhere;
  if (count > 0) toast(t("people.left_alone", { count, within: consequences.replan_within.join(", ") }), "wrong");
}

start();
