// The only fetch. Errors are of one class that knows what to tell the reader.

/** What went wrong with a request: `status` 0 means that the network did. */
export class ApiError extends Error {
  /** @param {number} status @param {string} detail @param {string} code */
  constructor(status, detail, code) {
    super(detail);
    this.status = status;
    this.code = code;
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
  throw new ApiError(response.status, problem.detail ?? response.statusText, problem.code ?? "http_error");
}
