import assert from "node:assert/strict";
import test from "node:test";

import { arcsByLevel, boundsOf, decodeArcs, polygonsOf } from "../../static/js/topology.js";

// Two squares side by side: arc 0 is what they share, arcs 1 and 2 the rest of the left and the right one.
//   (0,1) ── (1,1) ── (2,1)
//     │  left  │ right  │
//   (0,0) ── (1,0) ── (2,0)
const transform = { scale: /** @type {[number, number]} */ ([1e-7, 1e-7]), translate: /** @type {[number, number]} */ ([0, 0]) };
const ONE = 10_000_000;
/** @type {[number, number][][]} */
const arcs = [
  [[ONE, 0], [0, ONE]],
  [[ONE, ONE], [-ONE, 0], [0, -ONE], [ONE, 0]],
  [[ONE, ONE], [ONE, 0], [0, -ONE], [-ONE, 0]],
];
/** @param {string} id @param {number[]} ring */
const square = (id, ring) => ({ type: /** @type {const} */ ("Polygon"), id, properties: { code: id, name: id }, arcs: [ring] });
const left = square("left", [0, 1]);
const right = square("right", [~0, ~2]);
const objects = { grid: { geometries: [left, right] }, village: { geometries: [{ ...left, id: "v", type: /** @type {const} */ ("MultiPolygon"), arcs: [[[1, ~2]]] }] } };

test("an area's ring is closed and follows its arcs, backwards where they say so", () => {
  const decoded = decodeArcs({ arcs, transform });
  assert.deepEqual(polygonsOf(left, decoded), [[[[1, 0], [1, 1], [0, 1], [0, 0], [1, 0]]]]);
  const [[ring = []] = []] = polygonsOf(right, decoded);
  assert.deepEqual(ring[0], ring.at(-1));
  assert.ok(ring.some(([x, y]) => x === 2 && y === 1));
});

test("a vertex comes back as the very number that was stored", () => {
  const stored = [103.5071093, 34.5895881, 103.4000001, 34.0000003];
  for (const degrees of stored) {
    const [[decoded] = []] = decodeArcs({ arcs: [[[Math.round(degrees * 1e7), 0]]], transform });
    assert.equal(decoded?.[0], degrees);
  }
});

test("a line is drawn once, as that of the highest level it bounds", () => {
  const levels = arcsByLevel({ objects });
  assert.deepEqual(levels.get("village"), [1, 2]);
  assert.deepEqual(levels.get("grid"), [0]);
});

test("bounds hold every part", () => assert.deepEqual(boundsOf([[[[1, 2], [3, 4]]], [[[-1, 5]]]]), [-1, 2, 3, 5]));
