// Forms that change a record through the API: what is wrong is told at its field, and nothing that was typed is lost.
//
// <form data-send="PATCH" data-to="/api/v1/grids/623…" data-etag='"3"' data-done="已保存" data-refresh="drawer rows">
// A PATCH sends the fields that were changed; `head.phone` as a field's name is the phone of the head. `data-null` on a field: empty is null. `data-then`: the address to go to
// afterwards, with {fields} of the answer. `data-undo`: what to DELETE to take it back. `<fieldset data-list-of="members">`: the values that are ticked in it. `data-json`: the value is JSON. `data-history`: where a stale form finds out who has written since.

import { ApiError, get, send } from "./api.js";
import { h } from "./dom.js";
import { t } from "./messages.js";
import { ask, toast } from "./notices.js";
import { errorText } from "./panel.js";
import { go, refresh } from "./work.js";

/** What an address leaves out where it has none. */
const SEGMENTS = new Set(["group_name", "hamlet", "street", "number", "sub_number", "estate", "building", "unit", "floor", "room"]);

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.to) return;
  event.preventDefault();
  void submit(form);
});

/** @param {HTMLFormElement} form */
async function submit(form) {
  const { send: method = "POST", to = "", confirm, etag = null } = form.dataset;
  if (form.hasAttribute("data-sending")) return;
  if (confirm && !(await ask(confirm, { yes: form.dataset.confirmYes, danger: form.hasAttribute("data-danger") }))) return;
  clearErrors(form);
  form.toggleAttribute("data-sending", true);
  try {
    const answer = await send(/** @type {any} */ (method), to, method === "DELETE" ? null : valuesOf(form, method === "PATCH"), { etag });
    toast(form.dataset.done ?? t("form.done"), "good", undoOf(form));
    await after(form, answer.body);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 412) await showConflict(form, error);
    else showErrors(form, error);
  } finally {
    form.toggleAttribute("data-sending", false);
  }
}

/** What the toast offers, where a form can be undone. @param {HTMLFormElement} form */
function undoOf(form) {
  const { undo, refresh: parts = "" } = form.dataset;
  return undo ? { label: t("form.undo"), act: () => void takeBack(undo, parts.split(" ").filter(Boolean)) } : undefined;
}

/** @param {string} path @param {string[]} parts */
async function takeBack(path, parts) {
  try {
    await send("DELETE", path, null);
    await refresh(...parts);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(errorText(error, codeIn(path)), "wrong");
  }
}

/** @param {HTMLFormElement} form @param {any} answer */
async function after(form, answer) {
  const { then, refresh: parts = "" } = form.dataset;
  const ids = parts.split(" ").filter(Boolean);
  form.dispatchEvent(new CustomEvent("gridmap:saved", { bubbles: true, detail: answer }));
  if (then && ids.length > 0) await go(filled(then, answer), ...ids);
  else if (then) location.assign(filled(then, answer));
  else await refresh(...ids);
}

/** @param {string} address @param {any} answer */
function filled(address, answer) {
  return address.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(answer[name] ?? ""));
}

/** @param {HTMLFormElement} form @returns {Field[]} */
function fieldsOf(form) {
  return /** @type {Field[]} */ ([...form.elements].filter((field) => field.matches("input[name], select[name], textarea[name]")));
}

/** What a form says, as the API takes it. @param {HTMLFormElement} form @param {boolean} changedOnly */
export function valuesOf(form, changedOnly) {
  /** @type {Record<string, any>} */
  const values = {};
  for (const field of fieldsOf(form)) {
    if (field.type === "radio" && !(/** @type {HTMLInputElement} */ (field).checked)) continue;
    if (!changedOnly || field.hasAttribute("data-always") || isChanged(field) || isNeeded(field)) put(values, field.name, valueOf(field));
  }
  for (const list of form.querySelectorAll("fieldset[data-list-of]")) {
    const ticks = ticksOf(list);
    if (ticks.some(isChanged)) put(values, list.getAttribute("data-list-of") ?? "", ticks.filter(({ checked }) => checked).map(({ value }) => value));
  }
  return values;
}

/** The ticks of a list, one an item. @param {Element} list */
export function ticksOf(list) {
  return /** @type {HTMLInputElement[]} */ ([...list.querySelectorAll("input[type=checkbox]")]);
}

/** Longitude and latitude go together: when one was changed. @param {Field} field */
function isNeeded(field) {
  const other = field.dataset.with ? field.form?.elements.namedItem(field.dataset.with) : null;
  return other instanceof HTMLInputElement && isChanged(other);
}

/** Sets a value; `head.phone` is the phone of the head. @param {Record<string, any>} values @param {string} name @param {unknown} value */
function put(values, name, value) {
  const [first, ...rest] = name.split(".");
  if (rest.length === 0) values[first] = value;
  else put((values[first] ??= {}), rest.join("."), value);
}

/** The value of a name such as `head.phone`; the parts of an address stand among its segments. @param {any} record @param {string} name */
function valueIn(record, name) {
  if (record.segments && SEGMENTS.has(name)) return record.segments[name] ?? null;
  return name.split(".").reduce((inner, part) => inner?.[part], record);
}

/** @param {Field} field */
function isChanged(field) {
  if (field instanceof HTMLSelectElement) return ![...field.selectedOptions].every((option) => option.defaultSelected);
  if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

/** @param {Field} field */
function valueOf(field) {
  if (field instanceof HTMLInputElement && field.type === "checkbox") return field.checked;
  const text = field.value.trim();
  if (text === "" && field.hasAttribute("data-null")) return null;
  if (field.hasAttribute("data-json")) return JSON.parse(text);
  if (field.hasAttribute("data-list")) return text.split(/[\s,，、;；]+/).filter(Boolean);
  return field.type === "number" && text !== "" ? Number(text) : text;
}

/** @param {HTMLFormElement} form */
function clearErrors(form) {
  form.querySelectorAll(".form-error").forEach((note) => note.remove());
  for (const field of fieldsOf(form)) tellAt(field, null);
}

/** @param {Field} field @param {string | null} message */
function tellAt(field, message) {
  const place = field.form?.querySelector(`#error-${CSS.escape(field.name)}`);
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  if (!(place instanceof HTMLElement)) return false;
  place.textContent = message ?? "";
  place.hidden = message === null;
  return true;
}

/** @param {HTMLFormElement} form @param {ApiError} error */
function showErrors(form, error) {
  const fields = new Map(fieldsOf(form).map((field) => [field.name, field]));
  const told = error.errors.filter(({ where, message }) => {
    const field = fields.get(where.replace(/^body\./, ""));
    return field && tellAt(field, message);
  });
  const untold = error.errors.filter((each) => !told.includes(each));
  const { refused } = form.dataset;
  // Where the form words the refusal itself, what is left to be told is which records stand in the way.
  const records = error.status === 409 && untold.length > 0;
  const rest = records && refused ? [untold.map(({ where }) => where).join("、")] : records ? [error.message] : untold.map(({ message }) => message);
  if (told.length === 0 || rest.length > 0) {
    const words = rest.length > 0 ? rest : [error.status === 422 || error.status === 409 || error.status === 403 ? error.message : errorText(error, codeIn(error.message))];
    const first = error.status === 409 && refused ? [h("p", {}, h("strong", {}, refused))] : [];
    form.prepend(h("div", { class: "form-error", role: "alert" }, ...first, ...words.map((text) => h("p", {}, text))));
  }
  const first = form.querySelector("[aria-invalid=true]");
  if (first instanceof HTMLElement) first.focus();
}

/** The code that a refusal names. @param {string} message */
function codeIn(message) {
  return /\b[A-Z]?\d{12,}\b/.exec(message)?.[0] ?? "";
}

/**
 * Somebody else has written since: who, when and what is told; what was typed here stays, and can be laid over it.
 * @param {HTMLFormElement} form @param {ApiError} error
 */
async function showConflict(form, error) {
  const now = await get(form.dataset.to ?? "").catch(() => null);
  const writer = await lastWriter(form.dataset.history);
  const record = now?.properties ?? now ?? {};
  const lines = fieldsOf(form)
    .filter((field) => valueIn(record, field.name) !== undefined && text(valueIn(record, field.name)) !== defaultOf(field))
    .map((field) => h("li", {}, t("conflict.field", { field: labelOf(field), now: text(valueIn(record, field.name)) || "—", read: defaultOf(field) || "—" })));
  const again = h("button", { type: "button", class: "primary" }, t("conflict.again"));
  const drop = h("button", { type: "button" }, t("conflict.drop"));
  again.addEventListener("click", async () => {
    form.dataset.etag = await etagOf(form.dataset.to ?? "");
    await submit(form);
  });
  drop.addEventListener("click", () => void refresh(...(form.dataset.refresh ?? "drawer").split(" ")));
  form.prepend(
    h("div", { class: "form-error conflict", role: "alert" },
      h("p", {}, h("strong", {}, writer ? t("conflict.who", writer) : t("conflict.somebody"))),
      lines.length > 0 ? h("ul", {}, ...lines) : null,
      h("p", {}, t("conflict.kept")),
      h("div", { class: "buttons" }, again, drop),
    ),
  );
  form.scrollIntoView({ block: "nearest" });
  void error;
}

/** @param {string} path */
async function etagOf(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin", cache: "reload" });
  return response.headers.get("ETag") ?? "*";
}

/** Who wrote a record last, and when. @param {string | undefined} path @returns {Promise<{who: string, when: string} | null>} */
async function lastWriter(path) {
  const told = path ? await get(path).catch(() => null) : null;
  const last = (told?.revisions ?? told?.states ?? []).at(-1);
  if (!last?.actor) return null;
  return { who: String(last.actor).replace(/^\w+:/, ""), when: shortTime(last.at ?? last.valid_from) };
}

/** `11-22 02:40`, in the reader's own time. @param {string} instant */
export function shortTime(instant) {
  const time = new Date(instant);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** What was read; `data-stored` where a field shows it in other words. @param {Field} field */
function defaultOf(field) {
  if (field.dataset.stored !== undefined) return field.dataset.stored;
  if (field instanceof HTMLSelectElement) return [...field.options].find((option) => option.defaultSelected)?.value ?? "";
  return field.defaultValue;
}

/** @param {Field} field */
function labelOf(field) {
  return field.labels?.[0]?.textContent?.replace("*", "").trim() ?? field.name;
}

/** @param {unknown} value */
function text(value) {
  return value === null || value === undefined ? "" : String(value);
}

/** The officers of a township to choose from, asked for when somebody comes to the field. */
document.addEventListener("focusin", async (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.dataset.officers || field.hasAttribute("list")) return;
  const list = h("datalist", { id: `officers-${field.dataset.officers}` });
  field.setAttribute("list", list.id);
  field.after(list);
  try {
    const { officers } = await get(`/api/v1/officers?within=${field.dataset.officers}&limit=1000`);
    list.append(...officers.map((/** @type {any} */ officer) => h("option", { value: officer.id }, `${officer.name} · ${officer.unit}`)));
  } catch {
    field.removeAttribute("list");
  }
});
