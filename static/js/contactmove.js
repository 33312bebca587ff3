// A household is given to another officer: dragged onto his row or chosen by key; what that does is shown before it is done.

import { ApiError, get, send } from "./api.js";
import { byId, h } from "./dom.js";
import { formatCount, formatDistance } from "./format.js";
import { shortTime } from "./forms.js";
import { t } from "./messages.js";
import { toast } from "./notices.js";
import { errorText } from "./panel.js";
import { refresh } from "./work.js";

const KIND = "application/x-gridmap-household";
const OFFICER = /^P\d{14}$/;

/** @typedef {{household: string, head: string, township: string}} Moved */
/** @typedef {{goal: string, before: number | null, after: number | null, verdict: "better" | "same" | "worse"}} Goal */
/** @typedef {{officer: string, former: string | null, allowed: boolean, problem: string | null, load: number, capacity: number, former_load: number | null, goals: Goal[], loses: string | null, same_unit: boolean, swapped: number | null, pinned: string | null, mark: number}} Effect */

/** @type {Moved | null} */
let moved = null;
/** @type {Effect | null} */
let effect = null;

if (document.getElementById("move")) {
  document.addEventListener("click", onClick);
  document.addEventListener("dragstart", onDragStart);
  for (const name of ["dragover", "dragleave", "drop", "dragend"]) document.addEventListener(name, onDrag);
  byId("move-no").addEventListener("click", () => dialog().close());
  field("move-officer").addEventListener("input", () => void showEffect());
  dialog().querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    void accept();
  });
}
document.addEventListener("toggle", onToggle, { capture: true });

function dialog() {
  return /** @type {HTMLDialogElement} */ (byId("move"));
}

/** @param {string} id */
function field(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/** @param {Element} element @returns {Moved} */
function told(element) {
  const said = (/** @type {string} */ name) => element.getAttribute(name) ?? "";
  return { household: said("data-move"), head: said("data-head"), township: said("data-township") };
}

/** @param {Event} event */
function onClick(event) {
  const button = event.target instanceof Element && event.target.closest("button[data-move-button]");
  const source = button && button.closest("[data-move]");
  if (source) open(told(source), "");
}

/** @param {DragEvent} event */
function onDragStart(event) {
  const source = event.target instanceof Element && event.target.closest("[data-move][draggable]");
  if (!source || !event.dataTransfer) return;
  event.dataTransfer.setData(KIND, JSON.stringify(told(source)));
  event.dataTransfer.effectAllowed = "move";
}

/** @param {Event} given */
function onDrag(given) {
  const event = /** @type {DragEvent} */ (given);
  const row = event.target instanceof Element ? event.target.closest('#rows tr[id^="row-P"]') : null;
  for (const lit of document.querySelectorAll("tr.drop-here")) if (lit !== row || event.type !== "dragover") lit.classList.remove("drop-here");
  if (!row || !event.dataTransfer?.types.includes(KIND)) return;
  if (event.type === "dragover") {
    event.preventDefault();
    row.classList.add("drop-here");
  } else if (event.type === "drop") {
    event.preventDefault();
    open(JSON.parse(event.dataTransfer.getData(KIND)), row.id.slice(4));
  }
}

/** @param {Moved} what @param {string} officer */
function open(what, officer) {
  moved = what;
  byId("move-who").textContent = t("move.who", { head: what.head, id: what.household });
  const input = field("move-officer");
  // The officers of the township are offered when somebody comes to the field.
  input.dataset.officers = what.township;
  input.removeAttribute("list");
  input.value = officer;
  field("move-why").value = "";
  tell(null);
  void showEffect();
  dialog().showModal();
  (officer ? field("move-why") : input).focus();
}

/** @param {string | null} message */
function tell(message) {
  byId("move-error").hidden = message === null;
  byId("move-error").textContent = message ?? "";
}

async function showEffect() {
  const officer = field("move-officer").value.trim();
  const place = byId("move-effect");
  effect = null;
  /** @type {HTMLButtonElement} */ (byId("move-yes")).disabled = true;
  place.replaceChildren();
  if (!moved || !OFFICER.test(officer)) return;
  try {
    /** @type {Effect} */
    const found = await get(`/api/v1/households/${moved.household}/contact-effect?officer=${officer}`);
    if (field("move-officer").value.trim() !== officer) return;
    effect = found;
    place.replaceChildren(...described(found));
    /** @type {HTMLButtonElement} */ (byId("move-yes")).disabled = !found.allowed || found.former === found.officer;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    place.replaceChildren(h("p", { class: "error" }, errorText(error, officer)));
  }
}

/** @param {Effect} found */
function described(found) {
  const lines = [h("p", {}, t("move.load", { load: found.load, capacity: found.capacity }), found.former_load === null ? "" : ` ${t("move.former_load", { load: found.former_load })}`)];
  if (found.former === found.officer) lines.push(h("p", {}, t("move.same")));
  if (found.problem) lines.push(h("p", { class: "error" }, t(`move.problem_${found.problem}`)));
  lines.push(
    h("table", { class: "table" },
      h("thead", {}, h("tr", {}, ...["goal", "before", "after", "verdict"].map((name) => h("th", { scope: "col" }, t(`move.column_${name}`))))),
      h("tbody", {}, ...found.goals.map((goal) => h("tr", {}, h("th", { scope: "row" }, t(`move.goal_${goal.goal}`)), h("td", {}, figure(goal.goal, goal.before)), h("td", {}, figure(goal.goal, goal.after)), h("td", {}, verdict(goal.verdict))))),
    ),
  );
  lines.push(h("p", {}, h("strong", {}, found.loses ? t("move.loses", { goal: t(`move.goal_${found.loses}`) }) : t("move.loses_nothing"))));
  if (found.swapped) lines.push(h("p", { class: "fine" }, t("move.swapped")));
  if (found.same_unit) lines.push(h("p", { class: "fine" }, t("move.same_unit")));
  return lines;
}

/** @param {string} goal @param {number | null} value */
function figure(goal, value) {
  if (value === null) return "—";
  if (goal === "tiers") return t(`move.tier_${value}`);
  return goal === "distance_m" ? formatDistance(value) : formatCount(value);
}

/** @param {"better" | "same" | "worse"} said */
function verdict(said) {
  const [sign, kind] = { better: ["▲", "good"], same: ["=", "plain"], worse: ["▼", "error"] }[said] ?? ["", ""];
  return h("span", { class: `state ${kind}` }, h("b", { "aria-hidden": "true" }, sign), ` ${t(`move.verdict_${said}`)}`);
}

async function accept() {
  if (!moved || !effect) return;
  const why = field("move-why").value.trim();
  const { household } = moved;
  const { former, officer, pinned, mark } = effect;
  try {
    await send("PUT", `/api/v1/households/${household}/contacts/first`, { officer, why }, { etag: `"${mark}"` });
    dialog().close();
    const back = former ? { label: t("move.undo"), act: () => void undo(household, former, pinned === former) } : undefined;
    toast(t("move.done"), "good", back);
    await refresh("rows", "drawer");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    tell(error.status === 412 ? t("move.stale") : error.errors[0]?.message ?? errorText(error, ""));
    if (error.status === 412) await showEffect();
  }
}

/** Nothing stays pinned that was not before. @param {string} household @param {string} former @param {boolean} pin */
async function undo(household, former, pin) {
  try {
    await send("PUT", `/api/v1/households/${household}/contacts/first`, { officer: former, why: t("move.undone"), pin });
    await refresh("rows", "drawer");
  } catch (error) {
    if (error instanceof ApiError) toast(errorText(error, ""), "wrong");
  }
}

/** Who looked after a household until when: read when it is opened, since reading it is recorded. @param {Event} event */
async function onToggle(event) {
  const box = event.target;
  if (!(box instanceof HTMLDetailsElement) || !box.open || !box.dataset.pairsOf) return;
  const place = box.querySelector(".history-box");
  if (!place || place.childElementCount > 0) return;
  try {
    const { pairs } = await get(box.dataset.pairsOf);
    const lines = pairs.map((/** @type {any} */ pair) => h("li", {}, h("p", {}, h("strong", {}, `${pair.rank} · ${pair.name}`), ` ${shortTime(pair.since)} – ${pair.until ? shortTime(pair.until) : t("move.now")}`), h("p", { class: "fine" }, [pair.unit, pair.why && t(`move.why_${pair.why}`), pair.ended_by?.replace(/^\w+:/, "")].filter(Boolean).join(" · "))));
    place.replaceChildren(lines.length > 0 ? h("ol", { class: "states" }, ...lines) : h("p", { class: "fine" }, t("move.nobody_yet")));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    place.replaceChildren(h("p", { class: "error" }, errorText(error, "")));
  }
}
