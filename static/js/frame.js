// What every page does: theme, large text, Ctrl K, and whether the server still answers.

import { get } from "./api.js";
import { byId } from "./dom.js";
import { t } from "./messages.js";
import { attachSearch } from "./search.js";

const ASK_EVERY_MS = 30_000;
const root = document.documentElement;

/** @param {string} name @param {string} value */
function remember(name, value) {
  document.cookie = `gridmap_${name}=${value}; path=/; max-age=${365 * 24 * 3600}; samesite=lax`;
}

// A frame around the whole map is for those who came by keyboard; some libraries focus it on a click too.
addEventListener("keydown", () => (root.dataset.input = "keys"), true);
addEventListener("pointerdown", () => (root.dataset.input = "pointer"), true);

document.querySelectorAll("input[name=theme]").forEach((input) => {
  input.addEventListener("change", () => {
    const theme = /** @type {HTMLInputElement} */ (input).value;
    root.dataset.theme = theme;
    remember("theme", theme);
  });
});

document.getElementById("large")?.addEventListener("change", (event) => {
  const size = /** @type {HTMLInputElement} */ (event.target).checked ? "large" : "normal";
  root.dataset.size = size;
  remember("size", size);
});

// Pages with a map of their own bring what is on it; everywhere else the box finds what the server knows.
if (document.getElementById("search") && !byId("search-form").hasAttribute("data-own")) {
  attachSearch(() => [], (hit) => {
    if (hit.kind === "point") location.assign(`/?point=${hit.point.join(",")}`);
    else if (hit.kind === "code") location.assign(hit.code.length === 15 ? `/grids?grid=${hit.code}` : `/?code=${hit.code}`);
    else if (hit.kind === "place" && hit.page) location.assign(hit.page);
  }, { codes: true });
}

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  if (search && event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    search.focus();
    if (search instanceof HTMLInputElement) search.select();
  }
  const menu = /** @type {HTMLDetailsElement | null} */ (document.getElementById("display-menu"));
  if (event.key === "Escape" && menu?.open) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

document.addEventListener("click", (event) => {
  const menu = /** @type {HTMLDetailsElement | null} */ (document.getElementById("display-menu"));
  if (menu?.open && !menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
});

/** @param {string} instant */
function clock(instant) {
  return new Date(instant).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** @param {"fresh" | "snapshot" | "away"} state @param {string} text */
function show(state, text) {
  const freshness = document.getElementById("freshness");
  const words = document.getElementById("freshness-text");
  if (!freshness || !words) return;
  freshness.dataset.state = state;
  words.textContent = text;
}

/** Says in the open what can't be seen or done without the database. @param {number | null} version of the snapshot; null when all is well */
function degraded(version) {
  const banner = document.getElementById("degraded");
  const words = document.getElementById("degraded-text");
  if (!banner || !words) return;
  banner.hidden = version === null;
  if (version !== null) words.textContent = t("frame.degraded_text", { version });
}

const told = document.getElementById("freshness");
/** What to say while all is well. @type {string | null} */
let fresh = told?.dataset.state === "fresh" ? (document.getElementById("freshness-text")?.textContent ?? null) : null;
let known = Number(told?.dataset.version ?? 0);

async function ask() {
  if (document.hidden) return;
  try {
    const { version, status, since } = await get("/readyz");
    if (version === null) {
      show("away", t("frame.away"));
      return;
    }
    if (version !== known) {
      known = version;
      fresh = t("map.newer", { version });
      document.dispatchEvent(new CustomEvent("gridmap:version", { detail: version }));
    }
    if (status === "degraded") {
      fresh ??= t("map.newer", { version });
      show("snapshot", t("frame.snapshot", { version, since: clock(since) }));
      degraded(version);
      return;
    }
    degraded(null);
    if (fresh !== null) show("fresh", fresh);
  } catch {
    show("away", t("frame.offline"));
  }
}

setInterval(ask, ASK_EVERY_MS);
addEventListener("online", ask);
addEventListener("offline", () => show("away", t("frame.offline")));
document.addEventListener("visibilitychange", ask);
