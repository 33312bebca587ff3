import assert from "node:assert/strict";
import test from "node:test";

import { parseCoordinates, writeCoordinates } from "../../static/js/coordinates.js";

const MEANT = [
  ["103.507, 34.589", [103.507, 34.589]],
  ["103.507 34.589", [103.507, 34.589]],
  ["１０３．５０７，３４．５８９", [103.507, 34.589]],
  ["103.507、34.589", [103.507, 34.589]],
  ["34.589N 103.507E", [103.507, 34.589]],
  ["北纬34.589 东经103.507", [103.507, 34.589]],
  ["经度103.507 纬度34.589", [103.507, 34.589]],
  ["34.589, 103.507", [103.507, 34.589]],
  ["-70.5, -33.25", [-70.5, -33.25]],
  ["103°30′36″ 34°35′24″", [103.51, 34.59]],
  ["34°35'24\"N 103°30'36\"E", [103.51, 34.59]],
  ["70°30′W 33°15′S", [-70.5, -33.25]],
];

for (const [text, point] of MEANT) {
  test(`${text} is a point`, () => {
    const found = parseCoordinates(String(text));
    assert.deepEqual(found?.map((number) => Number(number.toFixed(9))), point);
  });
}

for (const text of ["623022101200001", "103", "103 34", "木耳镇", "3组12号", "", "200.5, 95.1", "103.5, 34.5, 2000.1", "103.507, 34.589 附近"]) {
  test(`“${text}” is no point`, () => assert.equal(parseCoordinates(text), null));
}

test("a point is written so that it can be typed again", () => {
  assert.equal(writeCoordinates([103.5, 34.25]), "103.500000, 34.250000");
  assert.deepEqual(parseCoordinates(writeCoordinates([-70.5, -33.25])), [-70.5, -33.25]);
});
