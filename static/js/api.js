// The only fetch. Errors are of one class that knows what to tell the reader.

import { h } from "./dom.js";
import { hasWords, learn, said, teach } from "./said.js";

const WORDS = `/sentences.json?lang=${document.documentElement.lang.slice(0, 2)}`;

/** What went wrong with a request: `status` 0 means that the network did. */
export class ApiError extends Error {
  /** @param {number} status @param {string} detail @param {string} code @param {{where: string, message: string}[]} [errors] by field */
  constructor(status, detail, code, errors = []) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/**
 * The JSON at a path of this server. Raises ApiError; an aborted request raises the browser's AbortError.
 * @param {string} path @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export async function get(path, { signal } = {}) {
  let response;
  try {
    response = await fetch(path, { signal, headers: { Accept: "application/json" }, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, String(error), "network");
  }
  if (response.ok || (response.status === 503 && path === "/readyz")) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw await failure(response, problem);
}

/**
 * Sends a change as JSON and gives back the answer and its ETag. Raises ApiError, with `errors` by field.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method @param {string} path @param {object | FormData | null} [body]
 * @param {{etag?: string | null}} [options] etag: of the record as it was read; a newer one is not overwritten
 * @returns {Promise<{body: any, etag: string | null}>}
 */
export async function send(method, path, body = null, { etag = null } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...csrf() };
  if (etag) headers["If-Match"] = etag;
  if (body && !(body instanceof FormData)) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body instanceof FormData ? body : body && JSON.stringify(body), credentials: "same-origin" });
  } catch (error) {
    throw new ApiError(0, String(error), "network");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return { body: answer, etag: response.headers.get("ETag") };
  throw await failure(response, answer);
}

/**
 * Hands a file of this server over to be kept, and tells its name and its number of rows. Raises ApiError.
 * @param {string} path
 */
export async function download(path) {
  const response = await fetch(path, { credentials: "same-origin" }).catch((error) => {
    throw new ApiError(0, String(error), "network");
  });
  if (!response.ok) throw await failure(response, await response.json().catch(() => ({})));
  const name = decodeURIComponent(response.headers.get("Content-Disposition")?.split("UTF-8''")[1] ?? "");
  const link = h("a", { href: URL.createObjectURL(await response.blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.getAttribute("href") ?? ""), 60_000);
  return { name, rows: response.headers.get("X-Rows") ?? "" };
}

/** @param {Response} response @param {any} problem what came with it, problem+json if it is of this server */
async function failure(response, problem) {
  if (problem.sentences && !hasWords()) teach(await get(WORDS).catch(() => ({ between: "; " })));
  learn(problem.sentences);
  const errors = (problem.errors ?? []).map((/** @type {{where: string, message: string}} */ error) => ({ ...error, message: said(error.message) }));
  return new ApiError(response.status, said(problem.detail ?? response.statusText), problem.code ?? "http_error", errors);
}

/** The header without which a signed-in reader's changes are refused. @returns {Record<string, string>} */
export function csrf() {
  const token = document.querySelector("meta[name=csrf-token]")?.getAttribute("content");
  return token ? { "X-CSRF-Token": token } : {};
}
