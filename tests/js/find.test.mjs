import assert from "node:assert/strict";
import test from "node:test";

import { findIn, itemsOf } from "../../static/js/find.js";

/** @param {string} level @param {string} code @param {string} name @param {string} [name_bo] */
const item = (level, code, name, name_bo) => ({ level, code, name, name_bo });
const ITEMS = [
  item("township", "623022101", "木耳镇", "མུ་ཨར་"),
  item("village", "623022101200", "木耳"),
  item("village", "623022101201", "多坝"),
  item("grid", "623022101200001", "多坝上组"),
  item("grid", "623022101201001", "下组"),
];

/** @param {string} text */
const codes = (text) => findIn(ITEMS, text).map((hit) => (hit.kind === "item" ? hit.item.code : hit.kind));

test("a whole code is found first, and nobody is asked", () => assert.deepEqual(codes("623022101200"), ["623022101200", "623022101200001"]));
test("blanks, hyphens and full width in a code don't matter", () => assert.equal(codes("６２３０２２ 101-200 001")[0], "623022101200001"));
test("the three digits that people say are enough", () => assert.deepEqual(codes("001"), ["623022101200001", "623022101201001"]));
test("a code of another county is for the server", () => assert.deepEqual(codes("620102"), ["code"]));
test("an exact name comes before one that begins so, large things first", () => assert.deepEqual(codes("多坝"), ["623022101201", "623022101200001"]));
test("a part of a name is enough", () => assert.deepEqual(codes("上组"), ["623022101200001"]));
test("Tibetan is found with and without its last tsheg, and with the other tsheg", () => {
  assert.deepEqual(codes("མུ་ཨར"), ["623022101"]);
  assert.deepEqual(codes("མུ༌ཨར༌"), ["623022101"]);
});
test("coordinates are a point and nothing else", () => assert.deepEqual(codes("103.5, 34.5"), ["point"]));
test("nothing is found for nothing, blanks, or what there isn't", () => {
  for (const text of ["", "  ", "舟曲"]) assert.deepEqual(codes(text), []);
});
test("everything drawn can be found, large things first", () => {
  const properties = (/** @type {string} */ code) => ({ type: /** @type {const} */ ("Polygon"), id: code, properties: { code, name: code } });
  const items = itemsOf({ objects: { grid: { geometries: [properties("2")] }, county: { geometries: [properties("1")] } } });
  assert.deepEqual(items.map(({ code, level }) => [code, level]), [["1", "county"], ["2", "grid"]]);
});
