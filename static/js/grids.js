// The page of grids: the map follows the address; problems, history and the tree beside it.

import "./forms.js";
import { ApiError, get, send } from "./api.js";
import { byId } from "./dom.js";
import { toast } from "./notices.js";
import { errorText } from "./panel.js";
import { coverageOf, markBadges, showCard, showFailure, showList, step } from "./problems.js";
import { go, onChanged, showRow } from "./work.js";
import { WorkMap } from "./workmap.js";

/** @typedef {import("./types.js").Overlaid} Overlaid */

start();

async function start() {
  wireTree();
  const map = await WorkMap.open();
  if (!map) return;
  const page = new GridsPage(map);
  onChanged(() => void page.follow());
  map.onClick(async ([lon, lat]) => {
    try {
      const { grid } = await get(`/api/v1/locate?lon=${lon}&lat=${lat}`);
      if (grid) page.chooseGrid(grid.code);
    } catch (error) {
      if (error instanceof ApiError) toast(errorText(error, ""), "wrong");
    }
  });
  map.onOverlayClick((key) => key.startsWith("problem ") && page.chooseProblem(Number(key.slice(8))));
  await page.follow();
}

/** What the page shows, read from its address and parts. */
class GridsPage {
  shown = { within: "", grid: "", problem: -1, view: "" };

  /** @param {WorkMap} map */
  constructor(map) {
    this.map = map;
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("input", (event) => this.#onSlider(event));
    document.addEventListener("click", (event) => this.#onClick(event));
  }

  /** Draws what the address says. */
  async follow() {
    const wanted = this.#wanted();
    const before = this.shown;
    this.shown = wanted;
    markRow(wanted.grid);
    markTwig(wanted.within);
    await this.map.drawFor(wanted.within);
    if (wanted.within !== before.within) this.#goTo(this.map.boundsOf(wanted.within) ?? this.map.home);
    if (wanted.grid !== before.grid || wanted.within !== before.within) await this.#showGrid(wanted.grid);
    await this.#showProblems(wanted, before);
  }

  #wanted() {
    const query = new URLSearchParams(location.search);
    const within = document.querySelector("[data-within]")?.getAttribute("data-within") ?? byId("work").dataset.map ?? "";
    const view = query.get("view") ?? "";
    return { within, view, grid: document.querySelector("#drawer [data-code]")?.getAttribute("data-code") ?? "", problem: view === "problems" ? Number(query.get("problem") ?? 0) - 1 : -1 };
  }

  /** @param {import("./map.js").Bounds | null} bounds @param {number} [maxZoom] */
  #goTo(bounds, maxZoom) {
    if (bounds) this.map.fit(bounds, this.map.margins(), { maxZoom });
  }

  /** @param {string} grid */
  async #showGrid(grid) {
    const { within } = this.shown;
    this.map.overlay([]);
    const known = this.map.select(grid || (within === this.map.drawn ? null : within));
    if (!grid) return;
    if (known && document.querySelector('#drawer [data-retired="0"]')) return this.#goTo(this.map.boundsOf(grid));
    const { geometry } = await get(`/api/v1/grids/${grid}`);
    this.map.overlay([{ geometry, look: "retired", text: grid.slice(12) }]);
    this.#goTo(this.map.boundsAround([geometry]));
  }

  /** @param {GridsPage["shown"]} wanted @param {GridsPage["shown"]} before */
  async #showProblems({ within, view, problem, grid }, before) {
    const code = view === "problems" ? within : this.map.drawn;
    let coverage;
    try {
      coverage = await coverageOf(code);
    } catch (error) {
      if (view === "problems" && error instanceof ApiError) showFailure(error, () => void this.follow());
      return;
    }
    if (this.shown.within !== within) return;
    markBadges(coverage, code);
    if (view !== "problems") {
      if (before.view === "problems" && !grid) this.map.overlay([]);
      return;
    }
    showList(coverage, this.map, problem, (number) => this.chooseProblem(number));
    if (!grid) this.map.overlay(coverage.problems.filter(({ where }) => where).map(({ where, severity }, number) => ({ geometry: where, look: severity, key: `problem ${number}` })));
    const chosen = coverage.problems[problem];
    if (!chosen || grid) return;
    showCard(chosen, problem, coverage, this.map, { close: address({ problem: null }), grid: (next) => this.chooseGrid(next), choose: (number) => this.chooseProblem(number) });
    if (chosen.where && (problem !== before.problem || within !== before.within)) this.#goTo(this.map.boundsAround([chosen.where]), 19);
  }

  /** @param {string} code */
  chooseGrid(code) {
    void go(address({ grid: code, problem: null }), "drawer");
  }

  /** @param {number} number */
  chooseProblem(number) {
    history.pushState({ htmx: true }, "", address({ view: "problems", problem: String(number + 1), grid: null }));
    document.querySelector("#drawer [data-code]")?.remove();
    void this.follow();
  }

  /** @param {KeyboardEvent} event */
  async #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target instanceof Element && event.target.closest("input, select, textarea, dialog"))) return;
    const by = { n: 1, p: -1 }[event.key];
    if (!by || this.shown.view !== "problems") return;
    const { problems } = await coverageOf(this.shown.within);
    if (problems.length > 0) this.chooseProblem(step(this.shown.problem, by, problems.length));
  }

  /** @param {Event} event */
  async #onSlider(event) {
    if (!(event.target instanceof HTMLInputElement) || event.target.id !== "history-slider") return;
    const place = Number(event.target.value);
    const box = /** @type {HTMLElement} */ (event.target.closest("[data-history]"));
    for (const state of box.querySelectorAll("[data-state]")) state.toggleAttribute("hidden", state.getAttribute("data-state") !== event.target.value);
    event.target.setAttribute("aria-valuetext", box.querySelector(`[data-state="${place}"] p`)?.textContent ?? "");
    const { states } = await historyOf(box.dataset.history ?? "");
    if (Number(event.target.value) !== place) return;
    const { geometry } = states[place];
    const last = place === states.length - 1 && states[place].valid_to === null;
    this.map.overlay(last ? [] : [{ geometry, look: "past" }]);
    this.#goTo(this.map.boundsAround([geometry]));
  }

  /** @param {Event} event */
  async #onClick(event) {
    const button = event.target instanceof Element && event.target.closest("[data-open-changeset]");
    if (!(button instanceof HTMLElement)) return;
    try {
      const { body } = await send("POST", "/api/v1/changesets", { villages: [button.dataset.openChangeset], title: button.dataset.title });
      location.assign(`/changesets/${body.id}`);
    } catch (error) {
      if (error instanceof ApiError) toast(error.message, "wrong");
    }
  }
}

/** @type {Map<string, Promise<any>>} */
const histories = new Map();

/** @param {string} code */
function historyOf(code) {
  const known = histories.get(code) ?? get(`/api/v1/grids/${code}/history`);
  histories.set(code, known);
  known.catch(() => histories.delete(code));
  return known;
}

/** This page's address with parameters changed. @param {Record<string, string | null>} changes */
function address(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) value === null ? query.delete(name) : query.set(name, value);
  return `${location.pathname}?${query}`;
}

/** @param {string} grid */
function markRow(grid) {
  document.querySelector('tr[aria-current="true"]')?.removeAttribute("aria-current");
  const row = grid && document.getElementById(`row-${grid}`);
  if (row) {
    row.setAttribute("aria-current", "true");
    showRow(row);
  }
}

/** Marks the division in the tree and opens the branch that it is on. @param {string} within */
function markTwig(within) {
  const twist = within.length > 9 && document.querySelector(`.twist[aria-controls="branch-${within.slice(0, 9)}"][aria-expanded="false"]`);
  if (twist instanceof HTMLElement && !document.querySelector(`[data-twig="${within}"]`)) twist.click();
  for (const twig of document.querySelectorAll("[data-twig]")) {
    if (twig.getAttribute("data-twig") === within) twig.setAttribute("aria-current", "true");
    else twig.removeAttribute("aria-current");
  }
}

function wireTree() {
  const box = /** @type {HTMLDetailsElement} */ (byId("tree-box"));
  box.open = matchMedia("(min-width: 96rem)").matches;
  box.addEventListener("click", (event) => {
    const twist = event.target instanceof Element && event.target.closest(".twist");
    if (twist) twist.setAttribute("aria-expanded", String(twist.getAttribute("aria-expanded") !== "true"));
  });
}

