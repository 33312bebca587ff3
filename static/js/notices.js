// What the frame tells: short notices at the edge, and a question before something that matters.

import { byId, h } from "./dom.js";
import { t } from "./messages.js";

const SHOWN_MS = 6_000;
const UNDONE_MS = 30_000;

/**
 * A notice at the edge of the page. One that tells of something wrong stays until it is closed; one that offers to
 * take something back half a minute, or until the next such.
 * @param {string} text @param {"good" | "wrong"} [kind] @param {{label: string, act: () => void}} [action]
 */
export function toast(text, kind = "good", action) {
  const close = h("button", { type: "button", "aria-label": t("toast.close"), class: "toast-close" }, "×");
  const notice = h("div", { class: "toast", "data-kind": kind }, h("span", { class: "toast-mark", "aria-hidden": "true" }, kind === "good" ? "✓" : "!"), h("p", {}, text));
  if (action) byId("toasts").querySelectorAll("[data-action]").forEach((former) => former.remove());
  notice.toggleAttribute("data-action", action !== undefined);
  if (action) notice.append(h("button", { type: "button", click: () => { notice.remove(); action.act(); } }, action.label));
  notice.append(close);
  close.addEventListener("click", () => notice.remove());
  byId("toasts").append(notice);
  if (kind === "good") setTimeout(() => notice.remove(), action ? UNDONE_MS : SHOWN_MS);
}

/**
 * Asks once before something that matters; whether the answer was yes.
 * @param {string} question @param {{yes?: string, danger?: boolean}} [options]
 * @returns {Promise<boolean>}
 */
export function ask(question, { yes, danger = false } = {}) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
  const button = byId("confirm-yes");
  byId("confirm-text").textContent = question;
  button.textContent = yes ?? t("confirm.yes");
  button.classList.toggle("danger", danger);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
