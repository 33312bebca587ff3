// What the service says, in the reader's language: every sentence comes with a code and arguments. The words for them
// are in the page's second island, or `api.js` gets them. One that nobody has put into words yet is shown as it came.

/** @typedef {{code: string, text: string, args: Record<string, string | Told[]>}} Told */

/** @type {Record<string, string>} */
let templates = JSON.parse(document.getElementById("sentences")?.textContent ?? "{}");
/** @type {Map<string, Told[]>} */
const known = new Map();

/** Whether there are words for any sentence. */
export function hasWords() {
  return Object.keys(templates).length > 0;
}

/** Gives the words for sentences, by their codes. @param {Record<string, string>} words */
export function teach(words) {
  templates = words;
}

/** Keeps the codes of sentences that an answer holds. @param {Record<string, Told[]> | undefined} sentences */
export function learn(sentences) {
  for (const [sentence, parts] of Object.entries(sentences ?? {})) known.set(sentence, parts);
}

/** @param {string} sentence */
export function said(sentence) {
  const parts = known.get(sentence);
  return parts ? worded(parts) : sentence;
}

/** One argument of a sentence, in words; null when it has none of the name. @param {string} sentence @param {string} name */
export function argumentOf(sentence, name) {
  const value = known.get(sentence)?.[0]?.args[name];
  return value === undefined ? null : typeof value === "string" ? value : worded(value);
}

/** @param {Told[]} parts @returns {string} */
function worded(parts) {
  return parts.map(word).join(templates.between ?? "; ");
}

/** @param {Told} told */
function word({ code, text, args }) {
  // What is wrong with a draft is worded by the service, in each language.
  const own = code === "problem" ? args[document.documentElement.lang.slice(0, 2)] : undefined;
  if (typeof own === "string") return own;
  return templates[code]?.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = args[name];
    return value === undefined ? whole : typeof value === "string" ? value : worded(value);
  }) ?? text;
}
