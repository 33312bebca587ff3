// What pages with a list, a map and a drawer have in common: parts refreshed by htmx, the drawer, busy and failing states.

import { ApiError, csrf, download } from "./api.js";
import { byId, h } from "./dom.js";
import { t } from "./messages.js";
import { ask, toast } from "./notices.js";

const BUSY_AFTER_MS = 200;
const EXPLAIN_AFTER_MS = 2_000;

/** Told after the address or a part of the page has changed: whoever draws beside it looks at both again. */
export const CHANGED = "gridmap:changed";

/** Calls back whenever the address or a part of the page has changed. @param {() => void} changed */
export function onChanged(changed) {
  document.addEventListener(CHANGED, changed);
}

/** Reads a part of the page from an address. @param {string} part its id @param {string} [href] */
export function load(part, href = location.pathname + location.search) {
  // As its own source: htmx then tells the server which part is wanted.
  return htmx.ajax("GET", href, { source: `#${part}`, target: `#${part}`, swap: "innerHTML" });
}

/** Reads parts of the page again, for the address that is shown. @param {...string} parts ids */
export function refresh(...parts) {
  return Promise.all(parts.map((part) => load(part)));
}

/** Goes to an address of this page and reads the parts that it changes. @param {string} href @param {...string} parts */
export function go(href, ...parts) {
  history.pushState({ htmx: true }, "", href);
  return refresh(...parts);
}

/** Closes the drawer; what it showed is no longer in the address. */
export function closeDrawer() {
  const close = document.querySelector("#drawer [data-close]");
  if (!close) return;
  const opener = document.querySelector('[aria-current="true"][data-row] a, tr[aria-current="true"] a');
  history.pushState({ htmx: true }, "", close.getAttribute("href"));
  byId("drawer").replaceChildren();
  document.dispatchEvent(new CustomEvent(CHANGED));
  if (opener instanceof HTMLElement) opener.focus();
}

document.addEventListener("click", (event) => {
  const close = event.target instanceof Element && event.target.closest("[data-close]");
  if (!close || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  closeDrawer();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open], .menu[open]")) return;
  closeDrawer();
});

document.addEventListener("htmx:config:request", (event) => {
  const { request } = detailOf(event).ctx;
  if (request.method !== "GET") Object.assign(request.headers, csrf());
});

document.addEventListener("htmx:confirm", (event) => {
  event.preventDefault();
  const { ctx, issueRequest, dropRequest } = detailOf(event);
  ask(ctx.confirm, { danger: true }).then((yes) => (yes ? issueRequest() : dropRequest()));
});

/** What to undo when a request has ended. @type {WeakMap<object, () => void>} */
const busy = new WeakMap();

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = detailOf(event);
  const target = ctx.target instanceof Element ? ctx.target : null;
  if (!target) return;
  const timers = [setTimeout(() => showBusy(target), BUSY_AFTER_MS), setTimeout(() => explain(target), EXPLAIN_AFTER_MS)];
  busy.set(ctx, () => {
    timers.forEach(clearTimeout);
    target.removeAttribute("aria-busy");
    for (const note of target.querySelectorAll(":scope > .busy")) note.remove();
  });
});

document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = detailOf(event);
  busy.get(ctx)?.();
  busy.delete(ctx);
  document.dispatchEvent(new CustomEvent(CHANGED));
});

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = detailOf(event);
  // Who opened the drawer by key or click goes on reading there.
  if (ctx.target instanceof Element && ctx.target.id === "drawer" && ctx.sourceElement !== ctx.target) document.getElementById("drawer-title")?.focus({ preventScroll: true });
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = detailOf(event);
  if (!ctx) return;
  const { method, action } = ctx.request;
  toast(t("error.parts"), "wrong", method === "GET" ? { label: t("error.retry"), act: () => void load(ctx.target.id, action) } : undefined);
});

// Back and forward: the parts are read again, the map stays.
document.addEventListener("htmx:before:history:restore", (event) => {
  event.preventDefault();
  void refresh(...[...document.querySelectorAll("[data-part]")].map(({ id }) => id));
});

/** @param {Element} target */
function showBusy(target) {
  target.setAttribute("aria-busy", "true");
  if (target.childElementCount === 0 || target.matches("[data-skeleton]")) target.prepend(h("div", { class: "busy" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton short" }), h("div", { class: "skeleton" })));
}

/** @param {Element} target */
function explain(target) {
  target.prepend(h("p", { class: "busy busy-text", role: "status" }, t("work.slow")));
}

/** @param {Event} event @returns {any} */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

/** Brings a row of a table into its box without moving anything else. @param {Element} row */
export function showRow(row) {
  const box = row.closest(".table-box");
  if (!box) return;
  const head = box.querySelector("thead")?.getBoundingClientRect().height ?? 0;
  const [inside, outside] = [row.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inside.top < outside.top + head) box.scrollTop -= outside.top + head - inside.top;
  else if (inside.bottom > outside.bottom) box.scrollTop += inside.bottom - outside.bottom;
}

// What is exported is the form's address: without script it stays the first kind.
document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLSelectElement && target.hasAttribute("data-export-kind") && target.form)) return;
  target.form.action = `/api/v1/exports/${target.value}`;
  for (const part of target.form.querySelectorAll("[data-of-kind]")) {
    const shown = part.getAttribute("data-of-kind") === target.value;
    part.toggleAttribute("hidden", !shown);
    for (const field of part.querySelectorAll("select")) field.disabled = !shown;
  }
});

// A file that can't be made is told on the page, which stays; without script the answer takes its place.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement && form.hasAttribute("data-download"))) return;
  event.preventDefault();
  void exportFile(form);
});

/** @param {HTMLFormElement} form */
async function exportFile(form) {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && value) asked.set(name, value);
  const button = form.querySelector("[type=submit]");
  button?.toggleAttribute("disabled", true);
  try {
    toast(t("export.done", await download(`${form.getAttribute("action")}?${asked}`)));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.status === 0 || error.status >= 500 ? t("error.parts") : error.message, "wrong");
  } finally {
    button?.toggleAttribute("disabled", false);
  }
}
