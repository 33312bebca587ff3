// The page of addresses: the map follows the door or the problem that is shown; a door is moved on the map.

import "./forms.js";
import { ApiError, get, send } from "./api.js";
import { writeCoordinates } from "./coordinates.js";
import { byId } from "./dom.js";
import { t } from "./messages.js";
import { toast } from "./notices.js";
import { errorText } from "./panel.js";
import { go, load, onChanged, refresh } from "./work.js";
import { WorkMap } from "./workmap.js";

/** @typedef {import("./types.js").LonLat} LonLat */
/** @typedef {{method: "PATCH" | "POST", path: string, etag: string | null, body: object, done: (body: any) => Promise<unknown>, unread?: (words: string) => void}} Saving
 * `unread`: where a text that can't be read as an address is told, for it to be corrected */

const CLOSE_ZOOM = 17;

start();

async function start() {
  const map = await WorkMap.open();
  const page = new AddressesPage(map);
  onChanged(() => void page.follow());
  await page.follow();
}

class AddressesPage {
  shown = { within: "", drawer: "" };
  /** Ends the placing that is under way. @type {(() => void) | null} */
  #stop = null;
  /** `shown`: whether somebody has shown the place, or said that it is where the map puts it. @type {{saving: Saving, point: LonLat, shown: boolean} | null} */
  #placing = null;

  /** @param {WorkMap | null} map */
  constructor(map) {
    this.map = map;
    document.addEventListener("click", (event) => this.#onClick(event));
    // Before the drawer's own Esc: while a door is being moved, Esc ends that.
    document.addEventListener("keydown", (event) => this.#onKey(event), true);
    document.addEventListener("submit", (event) => this.#onSubmit(event));
    document.getElementById("new-door-label")?.addEventListener("input", () => this.#read());
    byId("move-save").addEventListener("click", () => void this.#save());
    byId("move-stop").addEventListener("click", () => this.#end());
    map?.onOverlayClick((key) => !this.#placing && void go(address({ code: key, problem: null }), "drawer"));
  }

  /** Draws what the address says. */
  async follow() {
    const within = document.querySelector("[data-within]")?.getAttribute("data-within") ?? "";
    const door = document.querySelector("#drawer [data-door]");
    const problem = document.querySelector("#drawer [data-shown-problem]");
    const drawer = `${door?.getAttribute("data-door") ?? ""} ${door?.getAttribute("data-etag") ?? ""} ${problem?.getAttribute("data-shown-problem") ?? ""} ${problem?.querySelectorAll("[data-place]").length ?? ""}`;
    const before = this.shown;
    this.shown = { within, drawer };
    markRow(door?.getAttribute("data-door") ?? "", problem?.getAttribute("data-shown-problem") ?? "");
    if (!this.map) return;
    if (drawer !== before.drawer) this.#end();
    await this.map.drawFor(within);
    if (within !== before.within) this.map.select(within === this.map.drawn ? null : within);
    if (within !== before.within && !door && !problem) this.#fit(this.map.boundsOf(within) ?? this.map.home);
    if (drawer !== before.drawer || within !== before.within) this.#showDoors(door, problem);
  }

  /** @param {Element | null} door @param {Element | null} problem */
  #showDoors(door, problem) {
    const map = /** @type {WorkMap} */ (this.map);
    const places = problem ? [...problem.querySelectorAll("[data-place]")] : [];
    map.overlay(places.map((place) => ({ geometry: { type: "Point", coordinates: lonLat(place) }, look: /** @type {any} */ ({ error: "error", warning: "warning" }[place.getAttribute("data-severity") ?? ""] ?? "sent"), key: place.getAttribute("data-place") ?? "" })));
    map.mark(door ? lonLat(door) : null);
    const points = door ? [lonLat(door)] : places.map(lonLat);
    if (points.length > 0) this.#fit(map.boundsAround(points.map((coordinates) => ({ type: "Point", coordinates }))), CLOSE_ZOOM);
  }

  /** @param {import("./map.js").Bounds | null} bounds @param {number} [maxZoom] */
  #fit(bounds, maxZoom) {
    if (bounds && this.map) this.map.fit(bounds, this.map.margins(), { maxZoom });
  }

  /** @param {Event} event */
  #onClick(event) {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!(button instanceof HTMLElement)) return;
    if (button.matches("[data-move]")) this.#move(button);
    else if (button.matches("[data-place-waiting]")) this.#place(button);
    else if (button.matches("[data-new]")) this.#ask();
    else if (button.matches("[data-close-new]")) newDoor().close();
    else if (button.matches("[data-drop-alias]")) void this.#rename(aliasesOf(button.closest("li")));
    else if (button.matches("[data-step]")) this.#step(Number(button.dataset.step));
    else if (button.matches("[data-share]")) void navigator.clipboard?.writeText(new URL(button.dataset.share ?? "", location.href).href).then(() => toast(t("address.copied")));
    else if (button.matches("[data-print]")) print();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.#placing && event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#end();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target instanceof Element && event.target.closest("input, select, textarea, dialog"))) return;
    const by = { n: 1, p: -1 }[event.key];
    if (by && document.querySelector(".door-problems, [data-shown-problem]")) this.#step(by);
    const pressed = event.key === "g" ? document.querySelector("#drawer [aria-keyshortcuts=g], #drawer [data-move]") : ["a", "m"].includes(event.key) ? document.querySelector(`#drawer [data-key=${event.key}]`) : null;
    if (!(pressed instanceof HTMLElement)) return;
    event.preventDefault();
    pressed.click();
  }

  /** Goes to the next problem of the list, or behind its end to what the drawer knows. @param {number} by */
  #step(by) {
    const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("a[data-problem]")]);
    const shown = document.querySelector("[data-shown-problem]");
    const key = shown?.getAttribute("data-shown-problem") ?? "";
    const place = links.findIndex((link) => link.dataset.problem === key);
    const following = shown?.getAttribute("data-following");
    let next = links[place + by]?.dataset.problem;
    if (place < 0) next = key && by > 0 ? following ?? undefined : links[by > 0 ? 0 : links.length - 1]?.dataset.problem;
    if (next) void go(address({ problem: next, code: null }), "drawer");
  }

  /** @param {HTMLElement} button */
  #move(button) {
    const from = button.dataset.move ? button : /** @type {HTMLElement} */ (button.closest("[data-door]"));
    const code = from.dataset.move || from.dataset.door || "";
    this.#begin(lonLat(from), { method: "PATCH", path: `/api/v1/addresses/${code}`, etag: from.dataset.etag ?? null, body: { point_source: "map" }, done: () => this.#saved(t("move.saved")) });
  }

  /** @param {string} words */
  #saved(words) {
    toast(words);
    return refresh("drawer", "rows");
  }

  /** @param {HTMLElement} button */
  #place(button) {
    const near = button.dataset.lon ? lonLat(button) : this.#middle();
    if (near) this.#begin(near, { method: "POST", path: `/api/v1/addresses/waiting/${button.dataset.placeWaiting}/place`, etag: null, body: {}, done: (body) => this.#saved(t("address.entered", { label: body.properties.label })) });
  }

  /** @param {SubmitEvent} event */
  #onSubmit(event) {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !["alias-form", "new-door-form"].includes(form.id)) return;
    event.preventDefault();
    const said = new FormData(form);
    if (form.id === "alias-form") void this.#rename([...aliasesOf(null), { kind: String(said.get("alias_kind")), text: String(said.get("alias")).trim() }]);
    else this.#enter(String(said.get("label")).trim());
  }

  /** Puts other names in the place of all that the door has. @param {{kind: string, text: string}[]} aliases */
  async #rename(aliases) {
    const door = document.querySelector("#drawer [data-door]");
    if (!door) return;
    try {
      await send("PATCH", `/api/v1/addresses/${door.getAttribute("data-door")}`, { aliases }, { etag: door.getAttribute("data-etag") });
      toast(t("address.alias_saved"));
      await refresh("drawer");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.status === 412 ? t("address.stale") : error.message || errorText(error, ""), "wrong");
      if (error.status === 412) void load("drawer");
    }
  }

  /** Asks for the label of a new door, and tells as it is typed how it is read. */
  #ask() {
    newDoor().showModal();
    byId("new-door-label").focus();
    this.#read();
  }

  async #read() {
    const label = /** @type {HTMLInputElement} */ (byId("new-door-label"));
    const text = label.value.trim();
    const told = byId("new-door-read");
    if (!text) return void (told.textContent = "");
    try {
      const within = document.querySelector("[data-within]")?.getAttribute("data-within") ?? null;
      const read = await send("POST", "/api/v1/addresses/parse", { text, within });
      if (label.value.trim() === text) told.textContent = read.body.label;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      told.textContent = error.message;
    }
  }

  /** @param {string} label */
  #enter(label) {
    const middle = this.#middle();
    if (!label || !middle) return;
    newDoor().close();
    tellRefused(null);
    this.#begin(middle, { method: "POST", path: "/api/v1/addresses", etag: null, body: { label, point_source: "map" }, done: (body) => {
      /** @type {HTMLFormElement} */ (byId("new-door-form")).reset();
      toast(t("address.entered", { label: body.properties.label }));
      return go(address({ code: body.id, problem: null }), "drawer", "rows");
    }, unread: (words) => {
      this.#ask();
      tellRefused(words);
    } });
  }

  /** @returns {LonLat | null} */
  #middle() {
    return this.map ? this.map.getView().centre : null;
  }

  /** @param {LonLat} point @param {Saving} saving */
  #begin(point, saving) {
    if (!this.map) return;
    this.#end();
    // On a phone the drawer and the list make room for the map.
    document.body.toggleAttribute("data-placing", true);
    this.#fit([point[0], point[1], point[0], point[1]], CLOSE_ZOOM);
    byId("move-bar").hidden = false;
    byId("move-words").textContent = t("move.words");
    this.#placing = { saving, point, shown: false };
    this.#stop = this.map.placing(point, (to) => void this.#moved(to));
    byId("move-save").focus();
  }

  /** @param {LonLat} point */
  async #moved(point) {
    const placing = this.#placing;
    if (!placing) return;
    const first = placing.point === point;
    placing.point = point;
    if (first) return;
    placing.shown = true;
    const where = writeCoordinates(point);
    try {
      const { grid } = await get(`/api/v1/locate?lon=${point[0]}&lat=${point[1]}`);
      if (this.#placing?.point === point) byId("move-words").textContent = grid ? t("move.at", { where, grid: `${grid.code.slice(9)} ${grid.name}` }) : t("move.outside", { where });
    } catch {
      byId("move-words").textContent = where;
    }
    byId("move-save").focus();
  }

  async #save() {
    if (!this.#placing) return;
    const { saving: { method, path, etag, body, done, unread }, point: [lon, lat] } = this.#placing;
    if (!this.#placing.shown && method === "POST") {
      // A door that has no place yet would stand at its neighbour's gate, or in the middle of what the map shows.
      this.#placing.shown = true;
      byId("move-words").textContent = t("move.not_shown");
      return;
    }
    try {
      const answer = await send(method, path, { ...body, lon, lat }, { etag });
      this.#end();
      // Read once: what has been opened in the drawer meanwhile would close again.
      await done(answer.body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const words = error.status === 422 ? error.errors.map(({ message }) => message).join(" ") : "";
      if (unread && (error.errors[0]?.where === "label" || error.errors[0]?.where === "village_code")) {
        this.#end();
        return unread(words || error.message);
      }
      toast(error.status === 412 ? t("address.stale") : words || error.message || errorText(error, ""), "wrong");
      if (error.status === 412) void load("drawer");
    }
  }

  #end() {
    if (!this.#placing) return;
    this.#stop?.();
    this.#stop = null;
    this.#placing = null;
    document.body.removeAttribute("data-placing");
    byId("move-bar").hidden = true;
    const door = document.querySelector("#drawer [data-door]");
    this.map?.mark(door ? lonLat(door) : null);
  }
}

/** @returns {HTMLDialogElement} */
function newDoor() {
  return /** @type {HTMLDialogElement} */ (byId("new-door"));
}

/** Tells at the label of a new door why it was refused, or no longer. @param {string | null} words */
function tellRefused(words) {
  const place = byId("error-label");
  place.textContent = words;
  place.hidden = words === null;
}

/** The door's other names but one. @param {Element | null} but */
function aliasesOf(but) {
  const listed = [...document.querySelectorAll("#drawer [data-alias]")].filter((item) => item !== but);
  return listed.map((item) => ({ kind: item.getAttribute("data-kind") ?? "", text: item.getAttribute("data-alias") ?? "" }));
}

/** @param {Element} element @returns {LonLat} */
function lonLat(element) {
  return [Number(element.getAttribute("data-lon")), Number(element.getAttribute("data-lat"))];
}

/** @param {Record<string, string | null>} changes */
function address(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) value === null ? query.delete(name) : query.set(name, value);
  return `${location.pathname}?${query}`;
}

/** @param {string} code @param {string} problem */
function markRow(code, problem) {
  document.querySelectorAll(".door-list [aria-current], .door-problems [aria-current]").forEach((row) => row.removeAttribute("aria-current"));
  const row = document.getElementById(problem ? `problem-${problem}` : `row-${code}`);
  row?.setAttribute("aria-current", "true");
  row?.scrollIntoView({ block: "nearest" });
}
