// What the import says of a file, in the reader's language: its sentences are English, and programs read them.

/** @param {string} sentence */
export function said(sentence) {
  return sentence;
}
