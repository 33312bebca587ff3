// What is written on the map, and when there is room for it. Pure functions.

/** @typedef {import("./types.js").Facts} Facts */

/** A name with room between its characters, when it is Chinese; other scripts stay as they are. @param {string} name */
export function spaced(name) {
  return /^[\p{Script=Han}]+$/u.test(name) ? [...name].join("\u2005") : name;
}

/**
 * A grid's label in a circle of so many pixels: its last three digits, its name too once there is room, nothing where
 * not even the digits fit.
 * @param {Facts} grid @param {number} radius_px @param {number} size_px of the text
 * @returns {{number: string, name: string | null} | null}
 */
export function gridLabel(grid, radius_px, size_px) {
  if (radius_px < size_px * 1.1) return null;
  const width = Math.max(...[grid.name, grid.name_bo ?? ""].map((text) => textWidth(text, size_px)));
  const fits = radius_px > size_px * 2.2 && width < radius_px * 1.9;
  return { number: grid.code.slice(-3), name: fits ? grid.name : null };
}

/** About how wide a text is: Chinese characters are square, others half as wide. @param {string} text @param {number} size_px */
export function textWidth(text, size_px) {
  return [...text].reduce((sum, character) => sum + (/[\p{Script=Han}\p{Script=Hiragana}\uff00-\uffef]/u.test(character) ? 1 : 0.55), 0) * size_px;
}

/**
 * Metres on the ground for a pixel of the web's usual map, which stretches towards the poles.
 * @param {number} zoom @param {number} lat degrees
 */
export function metresPerPixel(zoom, lat) {
  return (156_543.033_928 * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom;
}

/** @typedef {{left: number, right: number, top: number, bottom: number}} Box pixels */

/** About the box of lines of text around a middle. @param {string[]} lines @param {number} x @param {number} y @param {number} size_px @returns {Box} */
export function boxAround(lines, x, y, size_px) {
  const width = Math.max(...lines.map((line) => textWidth(line, size_px))) / 2 + 4;
  const height = (lines.length * size_px * 1.4) / 2;
  return { left: x - width, right: x + width, top: y - height, bottom: y + height };
}

/** Takes the place of a box when nobody has it; whether it could. Whoever asks first has it. @param {Box[]} taken @param {Box} box */
export function place(taken, box) {
  if (taken.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)) return false;
  taken.push(box);
  return true;
}
