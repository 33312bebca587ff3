// What an import would do, in the order in which one looks: what is it, how was it read, what becomes of it. Builds elements, asks nobody.

import { h } from "./dom.js";
import { formatArea, formatCount, formatDistance } from "./format.js";
import { t } from "./messages.js";
import { argumentOf, learn, said } from "./said.js";

/** @typedef {{crs: string, label: string, reason: string, misfit: number | null}} Candidate */
/** @typedef {{rows: number, crs: string, label: string, reasons: string[], candidates: Candidate[], warnings: string[]}} CrsUse */
/** @typedef {{column: string, field: string | null, reason: string | null}} Column */
/** @typedef {{name: string, rows: number, encoding: string | null, columns: Column[], crs: CrsUse[], notes: string[], sample: any[][]}} Table */
/** @typedef {{code: string, area_before_m2: number, area_after_m2: number, moved_max_m: number, vertices_added: number, addresses_in: number, addresses_out: number, households_in: number, households_out: number}} Effect */
/** @typedef {{villages: string[], tolerance_m: number, accepted: boolean, tiles: boolean, before: number, left_count: number, left: import("./problems.js").Problem[], effects: Effect[], refused: {code: string, reason: string, change_share: number}[]}} Repair */
/** @typedef {{counts: Record<string, number>, changes: {what: string, before: string, after: string}[], rows: {table: string, row: number, code: string | null, status: string, reason: string, column: string | null}[], notes: string[], problem_count: number, problems: import("./problems.js").Problem[], repairs: Repair[], publishes: boolean, drafts: boolean}} Preview */
/** @typedef {{id: string, kind: string, files: string[], size: number, status: "previewed" | "refused" | "accepted", options: Record<string, any>, fields: {name: string, required: boolean, headings: string[]}[], tables: Table[], preview: Preview | null, refusal: {detail: string, errors: {where: string, message: string}[]} | null, result: {version: number | null, changesets: number[], counts?: Record<string, number>} | null, sentences: Record<string, import("./said.js").Told[]>}} Import */
/** @typedef {{overrule: (options: Record<string, any>) => void, accept: () => void, forget: () => void, zoom: (key: string) => void}} Actions */

const LIKELY = 5;
const ENCODINGS = ["utf-8", "gbk", "gb18030", "big5"];

/** @param {Import} told @param {Actions} actions @returns {HTMLElement[]} */
export function previewOf(told, actions) {
  learn(told.sentences);
  const open = told.status !== "accepted";
  return [
    head(told, actions),
    ...(told.result ? [result(told.result)] : []),
    ...(told.refusal ? [refusal(told.refusal)] : []),
    ...(told.kind === "layer" && open ? [layerOf(told, actions)] : []),
    ...(open ? tableChoice(told, actions) : []),
    ...told.tables.flatMap((table) => detected(table, told, open ? actions : null)),
    ...(told.preview ? outcome(told, told.preview, actions, open) : []),
  ];
}

/** @param {Import} told @param {Actions} actions */
function head(told, actions) {
  const looks = { previewed: ["warning", t("import.letter.previewed")], refused: ["error", t("import.letter.refused")], accepted: ["good", "✓"] }[told.status];
  return h("section", { class: "side-head" },
    h("p", { class: "fine" }, h("a", { href: "/import" }, t("import.other"))),
    h("h2", {}, told.files.join("、")),
    h("p", {}, h("span", { class: `state ${looks[0]}` }, h("b", { "aria-hidden": "true" }, looks[1] ?? ""), t(`import.status.${told.status}`)), h("span", { class: "fine" }, ` ${t(`import.kind.${told.kind}`)} · ${formatCount(Math.ceil(told.size / 1024))} KB`)),
    told.status === "previewed" ? h("p", { class: "fine" }, t("import.nothing_yet")) : null,
    h("div", { class: "buttons" },
      told.status === "previewed" ? h("button", { type: "button", class: "primary", click: actions.accept, disabled: (told.preview?.counts.loaded ?? 0) === 0 }, t("import.accept")) : null,
      told.preview ? h("a", { class: "button", href: `/api/v1/imports/${told.id}/report.csv?lang=${document.documentElement.lang.slice(0, 2)}`, download: true }, t("import.report")) : null,
      h("button", { type: "button", click: actions.forget }, t("import.forget"))));
}

/** @param {{version: number | null, changesets: number[], counts?: Record<string, number>}} done */
function result({ version, changesets, counts }) {
  return h("section", { class: "block", role: "status" },
    h("h3", {}, h("span", { class: "state good" }, h("b", { "aria-hidden": "true" }, "✓"), t("import.done"))),
    version === null ? null : h("p", {}, t("import.done_version", { version })),
    changesets.length ? h("p", {}, t("import.done_changeset"), " ", ...changesets.map((id) => h("a", { class: "button", href: `/changesets/${id}` }, t("import.changeset", { id })))) : null,
    version === null && changesets.length === 0 ? h("p", {}, t(counts?.loaded ? "import.done_written" : "import.done_nothing", { count: formatCount(counts?.loaded ?? 0) })) : null);
}

/** @param {{detail: string, errors: {where: string, message: string}[]}} told */
function refusal({ detail, errors }) {
  return h("section", { class: "block" }, h("div", { class: "form-error", role: "alert" },
    h("p", {}, h("strong", {}, t("import.refused"))), h("p", {}, said(detail)),
    ...errors.filter(({ message }) => !detail.includes(message)).map(({ message }) => h("p", {}, said(message))),
    h("p", {}, t("import.refused_next"))));
}

/** What only a reference layer has: how it is called, who sees it, whether broken rings are mended. @param {Import} told @param {Actions} actions */
function layerOf(told, actions) {
  return h("section", { class: "block" }, h("h3", {}, t("import.kind.layer")),
    h("div", { class: "fields" }, ...["name", "title"].map((name) => option(told, name, actions))),
    ...["public", "allow_defects"].map((name) => h("p", {}, h("label", { class: "switch" }, h("input", { type: "checkbox", checked: Boolean(told.options[name]), change: (event) => actions.overrule({ [name]: event.target.checked }) }), t(`import.layer.${name}`)))));
}

/** @param {Import} told @param {string} name @param {Actions} actions */
function option(told, name, actions) {
  const input = h("input", { type: "text", id: `of-layer-${name}`, value: told.options[name] ?? "", maxlength: name === "name" ? 40 : 200, autocomplete: "off", change: (event) => actions.overrule({ [name]: event.target.value.trim() || null }) });
  return h("div", { class: "field" }, h("label", { for: `of-layer-${name}` }, t(`import.layer.${name}`)), input);
}

/** A file of several tables: all of them are read, or one that is chosen. @param {Import} told @param {Actions} actions @returns {HTMLElement[]} */
function tableChoice(told, actions) {
  const chosen = told.options.layer ?? "";
  if (told.tables.length < 2 && !chosen) return [];
  const names = new Set([...(chosen ? [chosen] : []), ...told.tables.map(({ name }) => name)]);
  const select = h("select", { id: "table-choice", change: () => actions.overrule({ layer: select.value || null }) }, h("option", { value: "" }, t("import.all_tables")), ...[...names].map((name) => h("option", { value: name, selected: name === chosen }, name)));
  return [h("section", { class: "block" }, h("div", { class: "field" }, h("label", { for: "table-choice" }, t("import.tables")), select))];
}

/** @param {Table} table @param {Import} told @param {Actions | null} actions null when nothing can be overruled any more */
function detected(table, told, actions) {
  const name = `${table.name}-${told.id}`;
  return [h("section", { class: "block" },
    h("h3", {}, t("import.detected", { table: table.name, rows: formatCount(table.rows) })),
    h("dl", { class: "facts wide" }, h("dt", {}, t("import.encoding")), h("dd", {}, encoding(table, told, actions))),
    ...table.crs.map((use, place) => crs(use, told, actions, `${name}-${place}`)),
    ...(table.crs.length === 0 && told.options.crs ? [h("p", {}, t("import.crs_asked", { crs: told.options.crs }))] : []),
    ...table.notes.filter((note) => !note.startsWith("text is ")).map((note) => h("p", { class: "fine" }, said(note))),
    columns(table, told, actions))];
}

/** @param {Table} table @param {Import} told @param {Actions | null} actions */
function encoding(table, told, actions) {
  if (!actions) return h("span", {}, table.encoding ? said(`text is ${table.encoding}`) : "—");
  const chosen = told.options.encoding ?? "";
  const select = h("select", { class: "narrow", "aria-label": t("import.encoding") }, h("option", { value: "" }, table.encoding && !chosen ? t("import.automatic_is", { what: (table.encoding.split(/[:,]/)[0] ?? "").toUpperCase() }) : t("import.automatic")), ...ENCODINGS.map((one) => h("option", { value: one, selected: one === chosen }, one.toUpperCase())));
  select.addEventListener("change", () => actions.overrule({ encoding: select.value || null }));
  return h("div", {}, select, table.encoding?.includes(":") ? h("p", { class: "fine" }, why(table.encoding)) : null);
}

/** @param {string} encoding */
function why(encoding) {
  return argumentOf(`text is ${encoding}`, "reason") ?? encoding;
}

/** The coordinate system: what was taken, why, and what else it may be. @param {CrsUse} use @param {Import} told @param {Actions | null} actions @param {string} name */
function crs(use, told, actions, name) {
  const own = h("input", { type: "text", id: `crs-${name}`, value: told.options.crs ?? "", placeholder: "EPSG:4523", autocomplete: "off", spellcheck: "false" });
  const form = h("form", { class: "toolbar", submit: (event) => { event.preventDefault(); actions?.overrule({ crs: own.value.trim() || null }); } },
    h("label", { for: `crs-${name}` }, t("import.crs_other")), own, h("button", { type: "submit" }, t("import.look_again")));
  // Of thirty zones most lie in another province: what is likely is offered, the rest can be typed.
  const likely = use.candidates.filter(({ crs: name }, place) => place < LIKELY || name === use.crs);
  const choices = likely.map((candidate) => h("li", {}, h("label", { class: "switch" },
    radio(`crs-${name}`, candidate.crs, candidate.crs === use.crs, () => actions?.overrule({ crs: candidate.crs }), actions === null),
    h("span", {}, h("strong", {}, said(candidate.label)), " ", h("span", { class: "fine" }, said(candidate.reason), candidate.misfit === null ? "" : ` · ${t("import.misfit", { share: percent(candidate.misfit) })}`)))));
  return h("fieldset", { class: "crs" },
    h("legend", {}, t("import.crs", { rows: formatCount(use.rows) })),
    h("p", {}, h("strong", { class: "crs-taken" }, said(use.label))),
    h("ul", { class: "reasons" }, ...use.reasons.map((reason) => h("li", {}, said(reason)))),
    ...use.warnings.map((warning) => h("p", {}, h("span", { class: "state warning" }, h("b", { "aria-hidden": "true" }, t("severity.warning_letter"))), " ", said(warning))),
    choices.length > 1 ? h("ul", { class: "choices" }, ...choices) : null,
    actions ? h("details", { open: Boolean(told.options.crs) }, h("summary", {}, t("import.crs_overrule")), form, told.options.crs ? h("button", { type: "button", class: "quiet", click: () => actions.overrule({ crs: null }) }, t("import.crs_detect")) : null) : null);
}

/** @param {string} name @param {string} value @param {boolean} checked @param {() => void} chosen @param {boolean} disabled */
function radio(name, value, checked, chosen, disabled) {
  const input = h("input", { type: "radio", name, value, checked, disabled });
  input.addEventListener("change", chosen);
  return input;
}

/** Which column is which field, with what stands in it. @param {Table} table @param {Import} told @param {Actions | null} actions */
function columns(table, told, actions) {
  const selects = /** @type {HTMLSelectElement[]} */ ([]);
  const rows = table.columns.map((column, place) => {
    const select = h("select", { "aria-label": t("import.field_of", { column: column.column }), disabled: actions === null },
      h("option", { value: "" }, t("import.unused")),
      ...told.fields.map((field) => h("option", { value: field.name, selected: field.name === column.field }, `${fieldName(field)}${field.required ? " *" : ""}`)));
    selects.push(select);
    const samples = table.sample.slice(0, 3).map((row) => row[place]).filter((value) => value !== null && value !== "").map(String);
    select.addEventListener("change", () => {
      // A field has one column: taking it here gives it up there.
      for (const other of selects) if (other !== select && select.value && other.value === select.value) other.value = "";
      actions?.overrule({ map: selects.flatMap((each, at) => (each.value ? [`${table.columns[at]?.column}=${each.value}`] : [])) });
    });
    return h("tr", {}, h("td", { class: "code" }, column.column), h("td", { class: "wrap" }, samples.join(" · ") || "—"), h("td", {}, select), h("td", { class: "wrap fine" }, column.reason ? said(column.reason) : ""));
  });
  return h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": t("import.columns") },
    h("table", { class: "table" }, h("thead", {}, h("tr", {}, ...["column", "sample", "field", "why"].map((name) => h("th", { scope: "col" }, t(`import.column.${name}`))))), h("tbody", {}, ...rows)));
}

/** @param {{name: string, headings: string[]}} field */
function fieldName({ name, headings }) {
  const chinese = headings.find((heading) => /\p{Script=Han}/u.test(heading));
  return chinese && document.documentElement.lang.startsWith("zh") ? `${chinese} (${name})` : name;
}

/** @param {Import} told @param {Preview} preview @param {Actions} actions @param {boolean} open */
function outcome(told, preview, actions, open) {
  const { counts } = preview;
  const tiles = ["loaded", "unchanged", "rejected"].map((status) => h("li", { class: status }, h("strong", {}, formatCount(counts[status] ?? 0)), h("span", {}, t(`import.row.${status}`))));
  const what = told.status === "accepted" ? null : preview.drafts ? (preview.publishes ? "import.will_both" : "import.will_draft") : preview.publishes ? "import.will_publish" : counts.loaded ? "import.will_write" : "import.will_nothing";
  return [
    h("section", { class: "block" }, h("h3", {}, t("import.outcome")), h("ul", { class: "numbers" }, ...tiles), what ? h("p", {}, t(what)) : null, ...preview.notes.map((note) => h("p", {}, said(note)))),
    ...(preview.changes.length ? [h("section", { class: "block" }, h("h3", {}, t("import.changes")), plainTable(["what", "before", "after"].map((name) => t(`import.change.${name}`)), preview.changes.map(({ what: thing, before, after }) => [said(thing), before, after]), "changes"))] : []),
    ...preview.repairs.map((repair) => repairOf(repair, open ? actions : null)),
    ...(preview.problems.length ? [problems(preview)] : []),
    fates(told, preview, actions),
  ];
}

/** @param {Preview} preview */
function problems({ problems: found, problem_count }) {
  const zh = document.documentElement.lang.startsWith("zh");
  return h("section", { class: "block" }, h("h3", {}, t("import.problems"), " ", h("span", { class: "badge warning" }, formatCount(problem_count))),
    h("ul", { class: "plain-list" }, ...found.slice(0, 50).map((problem) => h("li", {}, h("span", { class: `state ${problem.severity}` }, h("b", { "aria-hidden": "true" }, t(`severity.${problem.severity}_letter`))), h("span", { class: "grow" }, zh ? problem.message : problem.message_en)))));
}

/** A repair is offered with what it does to each grid; it is taken only when it is ticked. @param {Repair} repair @param {Actions | null} actions */
function repairOf(repair, actions) {
  const tick = h("input", { type: "checkbox", checked: repair.accepted, disabled: actions === null });
  tick.addEventListener("change", () => actions?.overrule({ node: tick.checked }));
  const lines = repair.effects.slice(0, 100).map((effect) => [effect.code, formatArea(effect.area_before_m2), signed(effect.area_after_m2 - effect.area_before_m2), formatDistance(effect.moved_max_m), `+${effect.addresses_in} −${effect.addresses_out}`, `+${effect.households_in} −${effect.households_out}`]);
  return h("section", { class: "block repair" }, h("h3", {}, t("import.repair")),
    h("p", {}, t("import.repair_what", { tolerance: formatDistance(repair.tolerance_m), before: repair.before, left: repair.left_count })),
    ...repair.refused.map(({ code, reason, change_share }) => h("p", {}, h("span", { class: "state warning" }, h("b", { "aria-hidden": "true" }, t("severity.warning_letter"))), " ", t("import.repair_refused", { code, reason: t(`import.refused.${reason}`), share: percent(change_share) }))),
    h("label", { class: "switch" }, tick, t("import.repair_accept")),
    plainTable(["grid", "area", "area_change", "moved", "addresses", "households"].map((name) => t(`import.effect.${name}`)), lines, "effects"));
}

/** What becomes of each row, rejected ones first. @param {Import} told @param {Preview} preview @param {Actions} actions */
function fates(told, preview, actions) {
  const total = Object.values(preview.counts).reduce((sum, count) => sum + count, 0);
  const rows = preview.rows.map(({ table, row, code, status, reason, column }) => h("tr", { id: `row-${table}:${row}` },
    h("td", { class: "number" }, h("button", { type: "button", class: "quiet", click: () => actions.zoom(`${table}:${row}`), "aria-label": t("import.show_row", { row }) }, String(row))),
    h("td", { class: "code" }, code ?? "—"),
    h("td", {}, h("span", { class: `state ${{ loaded: "good", rejected: "error" }[status] ?? "plain"}` }, h("b", { "aria-hidden": "true" }, t(`import.row_letter.${status}`)), t(`import.row.${status}`))),
    h("td", { class: "wrap" }, told.tables.length > 1 ? h("span", { class: "fine" }, `${table.split(":").pop()} · `) : null, column ? h("strong", {}, t("import.in_column", { column })) : null, said(reason))));
  return h("section", { class: "block" }, h("h3", {}, t("import.rows")),
    rows.length < total ? h("p", { class: "fine" }, t("import.rows_first", { shown: formatCount(rows.length), total: formatCount(total) })) : null,
    h("div", { class: "table-box tall", tabindex: "0", role: "region", "aria-label": t("import.rows") },
      h("table", { class: "table" }, h("thead", {}, h("tr", {}, ...["row", "code", "status", "reason"].map((name) => h("th", { scope: "col" }, t(`import.fate.${name}`))))), h("tbody", {}, ...rows))));
}

/** @param {string[]} headings @param {string[][]} lines @param {string} name */
function plainTable(headings, lines, name) {
  return h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": headings[0] ?? name }, h("table", { class: `table ${name}` },
    h("thead", {}, h("tr", {}, ...headings.map((heading) => h("th", { scope: "col" }, heading)))),
    h("tbody", {}, ...lines.map((line) => h("tr", {}, ...line.map((cell) => h("td", {}, cell)))))));
}

/** @param {number} share of 1 */
function percent(share) {
  const shown = Math.max(0, share);
  return `${(shown * 100).toFixed(shown > 0 && shown < 0.1 ? 2 : 1)} %`;
}

/** @param {number} area_m2 */
function signed(area_m2) {
  const size = Math.abs(area_m2);
  return size < 0.01 ? `±${formatArea(0)}` : `${area_m2 < 0 ? "−" : "+"}${formatArea(size)}`;
}
