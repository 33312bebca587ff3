// Texts in the reader's language, from the page's message island.

/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById("messages")?.textContent ?? "{}");

/**
 * The text of a key with its `{placeholders}` filled; the key itself when there is none, so that a gap is seen.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
