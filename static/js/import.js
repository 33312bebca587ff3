// The page of imports: upload, look, set right, look again, accept. Nothing is changed before the last step.

import "./work.js";
import { ApiError, get, send } from "./api.js";
import { byId, h } from "./dom.js";
import { formatCount } from "./format.js";
import { previewOf } from "./importpreview.js";
import { t } from "./messages.js";
import { ask, toast } from "./notices.js";
import { errorText } from "./panel.js";
import { WorkMap } from "./workmap.js";

/** @typedef {import("./importpreview.js").Import} Import */
/** @typedef {import("./types.js").Look} Look */

const LOOKS = /** @type {Record<string, Look>} */ ({ loaded: "sent", rejected: "error", unchanged: "same" });
/** @type {Promise<WorkMap | null>} */
const opening = WorkMap.open();
/** @type {any[]} */
let features = [];
/** What was asked last; an answer to an earlier question is dropped. */
let asked = 0;

wireUpload();
addEventListener("popstate", () => void show());
void show();

/** Shows the import that the address names, or the form. */
async function show() {
  const id = new URLSearchParams(location.search).get("id");
  byId("preview").hidden = !id;
  byId("upload").hidden = Boolean(id);
  if (!id) {
    await drawShapes(null);
    return listWaiting();
  }
  busy(t("import.reading"));
  try {
    await present(await get(`/api/v1/imports/${id}`));
  } catch (error) {
    fail(error, id);
  }
}

function wireUpload() {
  const input = /** @type {HTMLInputElement} */ (byId("file"));
  const drop = byId("drop");
  const kind = /** @type {HTMLSelectElement} */ (byId("field-kind"));
  input.addEventListener("change", () => input.files?.length && void upload([...input.files]));
  const askName = () => (byId("layer-name").hidden = kind.value !== "layer");
  kind.addEventListener("change", askName);
  askName();
  for (const name of ["dragover", "dragenter"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.dataset.over = "true";
    });
  }
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && delete drop.dataset.over);
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0 && !byId("upload").hidden) void upload(files);
  });
  byId("upload-form").addEventListener("submit", (event) => event.preventDefault());
}

/** @param {File[]} files */
async function upload(files) {
  const note = byId("upload-note");
  const kind = /** @type {HTMLSelectElement} */ (byId("field-kind")).value;
  const name = /** @type {HTMLInputElement} */ (byId("field-name")).value.trim();
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name);
  note.replaceChildren(h("p", { class: "fine" }, t("import.uploading", { files: files.map(({ name: called }) => called).join("、") })), h("div", { class: "skeleton" }), h("div", { class: "skeleton short" }));
  const query = new URLSearchParams({ kind, ...(kind === "layer" ? { name } : {}) });
  try {
    const { body } = await send("POST", `/api/v1/imports?${query}`, form);
    history.pushState(null, "", `?id=${body.id}`);
    note.replaceChildren();
    byId("upload").hidden = true;
    byId("preview").hidden = false;
    await present(body);
  } catch (error) {
    note.replaceChildren(h("div", { class: "form-error", role: "alert" }, h("p", {}, error instanceof ApiError && error.status !== 0 ? error.message : t("error.parts"))));
  } finally {
    /** @type {HTMLInputElement} */ (byId("file")).value = "";
  }
}

async function listWaiting() {
  try {
    const { imports } = await get("/api/v1/imports");
    byId("waiting").replaceChildren(...(imports.length === 0 ? [] : [
      h("h3", {}, t("import.waiting")),
      h("ul", { class: "plain-list" }, ...imports.map((/** @type {Import} */ one) => h("li", {}, h("a", { href: `?id=${one.id}` }, one.files.join("、")), h("span", { class: "fine" }, `${t(`import.kind.${one.kind}`)} · ${t(`import.status.${one.status}`)}`)))),
    ]));
  } catch (error) {
    if (error instanceof ApiError) toast(errorText(error, ""), "wrong");
  }
}

/** @param {Import} told */
async function present(told) {
  byId("preview").replaceChildren(...previewOf(told, { overrule: (options) => void overrule(told, options), accept: () => void accept(told), forget: () => void forget(told), zoom: (key) => void zoom(key) }));
  await drawShapes(told);
}

/** Says better than detection does, and looks again. @param {Import} told @param {Record<string, any>} options */
async function overrule(told, options) {
  const mine = (asked += 1);
  const box = byId("preview");
  box.setAttribute("aria-busy", "true");
  try {
    const { body } = await send("PATCH", `/api/v1/imports/${told.id}`, options);
    if (mine !== asked) return;
    const { scrollTop } = byId("import");
    await present(body);
    byId("import").scrollTop = scrollTop;
  } catch (error) {
    fail(error, told.id, false);
  } finally {
    box.removeAttribute("aria-busy");
  }
}

/** @param {Import} told */
async function accept(told) {
  const preview = told.preview;
  if (!preview) return;
  const question = t(preview.drafts ? (preview.publishes ? "import.ask_both" : "import.ask_draft") : preview.publishes ? "import.ask_publish" : "import.ask_write", { loaded: formatCount(preview.counts.loaded ?? 0), rejected: formatCount(preview.counts.rejected ?? 0), unchanged: formatCount(preview.counts.unchanged ?? 0) });
  if (!(await ask(question, { yes: t("import.accept") }))) return;
  byId("preview").setAttribute("aria-busy", "true");
  try {
    const { body } = await send("POST", `/api/v1/imports/${told.id}/accept`);
    await present(body);
    byId("import").scrollTop = 0;
    toast(t("import.done"));
  } catch (error) {
    fail(error, told.id, false);
    if (error instanceof ApiError && error.code === "preview_changed") await overrule(told, {});
  } finally {
    byId("preview").removeAttribute("aria-busy");
  }
}

/** @param {Import} told */
async function forget(told) {
  if (told.status !== "accepted" && !(await ask(t("import.ask_forget"), { danger: true }))) return;
  try {
    await send("DELETE", `/api/v1/imports/${told.id}`);
    history.pushState(null, "", "/import");
    await show();
  } catch (error) {
    fail(error, told.id, false);
  }
}

/** The rows of the file over the known outlines, as they would be stored. @param {Import | null} told */
async function drawShapes(told) {
  const map = await opening;
  const key = document.getElementById("import-key");
  if (key) key.hidden = told === null;
  if (!map) return;
  features = told?.preview ? (await get(`/api/v1/imports/${told.id}/shapes`)).features : [];
  const order = ["unchanged", "loaded", "rejected"];
  const sorted = [...features].sort((a, b) => order.indexOf(a.properties.status) - order.indexOf(b.properties.status));
  map.overlay(sorted.map(({ id, geometry, properties }) => ({ geometry, look: LOOKS[properties.status] ?? "sent", text: properties.code?.slice(12, 15) || properties.name || "", key: id })));
  const bounds = map.boundsAround(features.map(({ geometry }) => geometry));
  if (bounds) map.fit(bounds, map.margins());
}

// Groups under what is sent would only be taken for a part of it.
void opening.then((map) => map?.setLayer("groups", false));
void opening.then((map) => map?.onOverlayClick((key) => {
  const row = document.getElementById(`row-${key}`);
  row?.scrollIntoView({ block: "center" });
  document.querySelector("tr[aria-current]")?.removeAttribute("aria-current");
  row?.setAttribute("aria-current", "true");
}));

/** @param {string} key table:row */
async function zoom(key) {
  const map = await opening;
  const feature = features.find(({ id }) => id === key);
  const bounds = feature && map?.boundsAround([feature.geometry]);
  if (map && bounds) map.fit(bounds, map.margins(), { maxZoom: 17 });
}

/** @param {string} text */
function busy(text) {
  byId("preview").replaceChildren(h("div", { class: "busy" }, h("p", { class: "fine" }, text), h("div", { class: "skeleton" }), h("div", { class: "skeleton short" })));
}

/** @param {unknown} error @param {string} id @param {boolean} [alone] nothing else is shown */
function fail(error, id, alone = true) {
  if (!(error instanceof ApiError)) throw error;
  const text = error.status === 404 ? t("import.gone") : error.status === 0 ? t("error.parts") : error.status >= 500 ? errorText(error, id) : `${t(`import.code.${error.code}`).startsWith("import.code") ? "" : `${t(`import.code.${error.code}`)} `}${error.message}`;
  if (alone) byId("preview").replaceChildren(h("div", { class: "part-notice", role: "alert" }, h("p", { class: "error" }, text), h("p", {}, h("a", { class: "button", href: "/import" }, t("import.other")))));
  else toast(text, "wrong");
}
