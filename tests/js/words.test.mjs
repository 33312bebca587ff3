import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { formatArea, formatCount, formatDistance, groupedCode } from "../../static/js/format.js";
import { boxAround, gridLabel, metresPerPixel, place, spaced } from "../../static/js/labels.js";
import { withAlpha } from "../../static/js/mapstyles.js";
import { filledLevel, outlineWidth } from "../../static/js/mapstyle.js";
import { readState, writeState } from "../../static/js/viewstate.js";

const STYLE = JSON.parse(readFileSync(new URL("../../static/mapstyle.json", import.meta.url), "utf8"));

test("counts, areas and distances are written as people here read them", () => {
  assert.equal(formatCount(31000), "31,000");
  assert.equal(formatArea(99_999), "99,999 m²");
  assert.equal(formatArea(11_030_000), "11.03 km²");
  assert.deepEqual([0, 1.4e-6, 0.0005, 0.25, 5.0937, 99.9].map(formatArea), ["0 m²", "< 1 cm²", "5 cm²", "0.25 m²", "5.09 m²", "99.9 m²"]);
  assert.equal(formatDistance(3.25), "3.3 m");
  assert.deepEqual([0, 2e-4, 0.04].map(formatDistance), ["0.0 m", "< 1 cm", "4 cm"]);
  assert.equal(formatDistance(1234), "1,234 m");
  assert.equal(formatDistance(12_345), "12.3 km");
  assert.equal(groupedCode("62302210120000103"), "623022 101 200 001 03");
  assert.equal(groupedCode("62"), "62");
});

test("Chinese names are spaced, others are not", () => {
  assert.equal(spaced("木耳镇"), "木\u2005耳\u2005镇");
  assert.equal(spaced("Muer"), "Muer");
});

test("a grid's label grows with its room", () => {
  const grid = { code: "623022101200007", name: "多坝上组" };
  assert.equal(gridLabel(grid, 10, 13), null);
  assert.deepEqual(gridLabel(grid, 20, 13), { number: "007", name: null });
  assert.deepEqual(gridLabel(grid, 60, 13), { number: "007", name: "多坝上组" });
});

test("no name is written over another, and the first to come stays", () => {
  /** @type {import("../../static/js/labels.js").Box[]} */
  const taken = [];
  const [first, over, beside] = [0, 30, 90].map((x) => boxAround(["多坝上组", "003"], x, 0, 13));
  assert.deepEqual([first, over, beside].map((box) => box && place(taken, box)), [true, false, true]);
});

test("a pixel at the equator and zoom 0 is 156.5 km", () => assert.equal(Math.round(metresPerPixel(0, 0)), 156_543));

test("the style thins lines and changes what is tinted on the way out", () => {
  assert.ok(outlineWidth(STYLE, "county", 14) > outlineWidth(STYLE, "township", 14));
  assert.ok(outlineWidth(STYLE, "township", 14) > outlineWidth(STYLE, "village", 14));
  assert.ok(outlineWidth(STYLE, "village", 14) > outlineWidth(STYLE, "grid", 14));
  assert.ok(outlineWidth(STYLE, "grid", 14) > outlineWidth(STYLE, "grid", 10));
  assert.equal(outlineWidth(STYLE, "grid", 5), 0);
  assert.deepEqual([9, 12, 14].map((zoom) => filledLevel(STYLE, zoom)), ["township", "village", "grid"]);
  assert.equal(withAlpha("#0b5cad", 0.25), "rgba(11,92,173,0.25)");
});

/** Contrast of two #rrggbb colours, WCAG 2.2. @param {string} a @param {string} b */
function contrast(a, b) {
  const [light = 0, dark = 0] = [a, b].map(luminance).sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {string} hex */
function luminance(hex) {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

for (const theme of ["light", "dark"]) {
  test(`${theme}: letters keep 4.5:1 and lines 3:1 on every tint and on the ground`, () => {
    for (const ground of [STYLE.ground[theme], ...STYLE.fills[theme]]) {
      assert.ok(contrast(STYLE.ink[theme], ground) >= 4.5, `ink on ${ground}`);
      for (const level of ["county", "township", "village", "grid"]) {
        const line = STYLE.outlines[level][theme];
        assert.ok(contrast(line, ground) >= 3, `${level} ${line} on ${ground}: ${contrast(line, ground).toFixed(2)}`);
      }
      for (const line of [STYLE.groups[theme], STYLE.shelters[theme], STYLE.selected.line[theme]]) {
        assert.ok(contrast(line, ground) >= 3, `${line} on ${ground}`);
      }
    }
  });
}

test("what is on the screen is an address, and the address is what is on the screen", () => {
  const state = { view: { zoom: 13.25, centre: /** @type {[number, number]} */ ([103.50711, 34.58959]) }, code: "623022101", point: null };
  const query = writeState("?within=623022&lang=en", state);
  assert.equal(query, "?within=623022&lang=en&view=13.25/34.58959/103.50711&code=623022101");
  assert.deepEqual(readState(query), state);
  assert.deepEqual(readState(writeState(query, { view: null, code: null, point: [103.5071093, 34.5895881] })).point, [103.5071093, 34.5895881]);
});

test("a spoilt address opens the map all the same", () => {
  for (const query of ["?view=13/95/103", "?view=13", "?view=a/b/c", "?point=103", "?point=,", "?code=<b>", "?point=200,34"]) {
    assert.deepEqual(readState(query), { view: null, code: null, point: null }, query);
  }
});
