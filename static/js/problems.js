// The coverage problems of a division: a list with a picture of each place, one after the other by n and p.

import { get } from "./api.js";
import { writeCoordinates } from "./coordinates.js";
import { byId, h } from "./dom.js";
import { formatArea, formatCount, formatDistance, groupedCode } from "./format.js";
import { t } from "./messages.js";
import { errorPanel } from "./panel.js";
import { picture } from "./picture.js";

/** @typedef {{kind: string, severity: "error" | "warning", grids: string[], where: any, size: number | null, unit: "m2" | "m" | null, message: string, message_en: string, village: string | null}} Problem */
/** @typedef {{errors: number, warnings: number, villages: number, grids: number, problems: Problem[]}} Coverage */

const SHOWN = 60;
/** @type {Map<string, Promise<Coverage>>} */
const asked = new Map();

/** What is wrong within a division; asked once a page. @param {string} code @returns {Promise<Coverage>} */
export function coverageOf(code) {
  const known = asked.get(code) ?? get(`/api/v1/divisions/${code}/coverage`);
  asked.set(code, known);
  known.catch(() => asked.delete(code));
  return known;
}

/** The sentence in the reader's language. @param {Problem} problem */
export function sentence(problem) {
  return document.documentElement.lang.startsWith("zh") ? problem.message : problem.message_en;
}

/** A severity as letter, hatch and word. @param {"error" | "warning"} severity */
export function severityMark(severity) {
  return h("span", { class: `state ${severity}` }, h("b", { "aria-hidden": "true" }, t(`severity.${severity}_letter`)), t(`severity.${severity}`));
}

/** @param {Problem} problem */
function sizeOf({ size, unit }) {
  if (size === null) return "";
  return unit === "m" ? formatDistance(size) : formatArea(size);
}

/** Puts into each badge of the page how many problems its division has. @param {Coverage} coverage @param {string} within what was checked */
export function markBadges(coverage, within) {
  for (const badge of document.querySelectorAll("[data-problems]")) {
    const code = badge.getAttribute("data-problems") ?? "";
    const mine = code === within ? coverage.problems : coverage.problems.filter((problem) => liesIn(problem, code));
    const errors = code === within ? coverage.errors : mine.filter(({ severity }) => severity === "error").length;
    // Above what was checked nothing is known; in the tree a sound division needs no sign.
    badge.toggleAttribute("hidden", !code.startsWith(within) || (mine.length === 0 && !badge.closest(".segments")));
    badge.className = `badge ${errors > 0 ? "error" : mine.length > 0 ? "warning" : "good"}`;
    badge.textContent = mine.length === 0 ? "✓" : errors > 0 ? `! ${formatCount(errors)}` : `? ${formatCount(mine.length)}`;
    badge.setAttribute("title", t("problems.count", { errors, warnings: mine.length - errors }));
  }
}

/** @param {Problem} problem @param {string} code */
function liesIn({ village, grids }, code) {
  return village === null ? grids.some((grid) => grid.startsWith(code)) : village.startsWith(code);
}

/**
 * The list. `choose` is told the number of a problem.
 * @param {Coverage} coverage @param {import("./workmap.js").WorkMap} map @param {number} chosen @param {(number: number) => void} choose
 */
export function showList(coverage, map, chosen, choose) {
  const box = document.getElementById("problems");
  const tools = document.getElementById("problem-tools");
  if (!box || !tools) return;
  const { errors, warnings, problems } = coverage;
  tools.replaceChildren(
    h("p", { class: "count" }, t("problems.checked", { grids: formatCount(coverage.grids), villages: formatCount(coverage.villages) })),
    ...(problems.length ? [
      h("button", { type: "button", click: () => choose(step(chosen, -1, problems.length)), "aria-keyshortcuts": "p" }, t("problems.previous"), h("kbd", { "aria-hidden": "true" }, "p")),
      h("button", { type: "button", class: "primary", click: () => choose(step(chosen, 1, problems.length)), "aria-keyshortcuts": "n" }, t("problems.next"), h("kbd", { "aria-hidden": "true" }, "n")),
    ] : []),
  );
  if (problems.length === 0) {
    box.replaceChildren(h("div", { class: "part-notice", "data-kind": "good" }, h("h2", {}, h("span", { class: "state good" }, h("b", { "aria-hidden": "true" }, "✓"), t("problems.none"))), h("p", {}, t("problems.none_text"))));
    return;
  }
  const list = h("ol", { class: "problem-list", tabindex: "0", "aria-label": t("problems.count", { errors, warnings }) });
  const from = Math.max(0, Math.min(chosen < 0 ? 0 : chosen - 20, problems.length - SHOWN));
  const shown = problems.slice(from, from + SHOWN);
  if (from > 0) list.append(h("li", { class: "fine" }, t("problems.before", { count: formatCount(from) })));
  shown.forEach((problem, place) => list.append(item(problem, from + place, map, chosen === from + place, choose)));
  const behind = errors + warnings - from - shown.length;
  if (behind > 0) list.append(h("li", { class: "fine" }, t("problems.behind", { count: formatCount(behind) })));
  box.replaceChildren(list);
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

/** @param {Problem} problem @param {number} number @param {import("./workmap.js").WorkMap} map @param {boolean} chosen @param {(number: number) => void} choose */
function item(problem, number, map, chosen, choose) {
  const button = h("button", { type: "button", "aria-current": chosen ? "true" : null, click: () => choose(number) },
    picture(map, problem, 112, 84),
    h("span", { class: "problem-words" },
      h("span", { class: "problem-kind" }, severityMark(problem.severity), h("strong", {}, t(`problem.${problem.kind}`)), h("span", { class: "fine" }, sizeOf(problem))),
      h("span", {}, sentence(problem)),
      problem.grids.length === 0 && problem.village ? h("span", { class: "fine code" }, groupedCode(problem.village)) : null,
    ),
  );
  return h("li", {}, button);
}

/** The number before or behind one, round and round. @param {number} chosen @param {number} by @param {number} count */
export function step(chosen, by, count) {
  return chosen < 0 ? (by > 0 ? 0 : count - 1) : (chosen + by + count) % count;
}

/**
 * The card of a problem in the drawer.
 * @param {Problem} problem @param {number} number @param {Coverage} coverage @param {import("./workmap.js").WorkMap} map
 * @param {{close: string, grid: (code: string) => void, choose: (number: number) => void}} actions
 */
export function showCard(problem, number, coverage, map, { close, grid, choose }) {
  const place = map.middleOf(problem.where);
  byId("drawer").replaceChildren(h("div", { "data-problem": number },
    h("header", { class: "drawer-head" },
      h("div", {}, h("p", { class: "eyebrow" }, t("problems.number", { number: number + 1, count: coverage.problems.length })), h("h2", { id: "drawer-title", tabindex: "-1" }, t(`problem.${problem.kind}`))),
      h("a", { class: "drawer-close", "data-close": true, href: close, "aria-label": t("problems.close") }, "×")),
    h("div", { class: "drawer-body" },
      h("p", {}, severityMark(problem.severity), problem.size === null ? null : h("span", { class: "fine" }, ` · ${sizeOf(problem)}`)),
      picture(map, problem, 352, 220),
      h("p", {}, sentence(problem)),
      problem.grids.length ? h("ul", { class: "plain-list" }, ...problem.grids.map((code) => h("li", {}, h("button", { type: "button", class: "quiet code", click: () => grid(code) }, groupedCode(code))))) : null,
      h("dl", { class: "facts" },
        ...(problem.grids.length === 0 && problem.village ? [h("dt", {}, t("level.village")), h("dd", {}, h("a", { class: "code", href: `/grids?within=${problem.village}` }, groupedCode(problem.village)))] : []),
        ...(place ? [h("dt", {}, t("level.point")), h("dd", {}, writeCoordinates(place))] : [])),
      h("div", { class: "buttons" },
        h("button", { type: "button", click: () => choose(step(number, -1, coverage.problems.length)) }, t("problems.previous")),
        h("button", { type: "button", class: "primary", click: () => choose(step(number, 1, coverage.problems.length)) }, t("problems.next")))),
  ));
}

/** @param {import("./api.js").ApiError} error @param {() => void} retry */
export function showFailure(error, retry) {
  document.getElementById("problems")?.replaceChildren(h("div", { class: "part-notice" }, errorPanel(error, "", retry)));
}
