// The server's JSON. Answers are kept by address with their ETag, so that going back shows what was there at once; the
// browser's own cache is left out of it.

const KEPT = 200;
const answers = new Map(); // address → { etag, body }, the latest used last

// What the server refused, in its own sentence; `status` is 0 where it did not answer at all.
export class Refused extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

// "/api/events?deed=AID&deed=AGREE" of a path and parameters: URLSearchParams, or an object whose values are text,
// numbers or lists; what is null, undefined or "" is left out.
export function address(path, params) {
  const query = params instanceof URLSearchParams ? params : searchOf(params ?? {});
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

function searchOf(object) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(object)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  return query;
}

// The answer that was last given for an address, or undefined.
export const kept = (at) => answers.get(at)?.body;

// GET. The same object is returned for as long as the server says that nothing changed. Throws Refused, or AbortError.
export async function get(path, params, { signal } = {}) {
  const at = address(path, params);
  const before = answers.get(at);
  const headers = before?.etag ? { "If-None-Match": before.etag } : {};
  const response = await reach(at, { headers, signal });
  if (response.status === 304) {
    keep(at, before);
    return before.body;
  }
  const body = await bodyOf(response);
  keep(at, { etag: response.headers.get("ETag"), body });
  return body;
}

// POST, PUT or DELETE with a JSON body; gives what is answered, null for nothing. Throws Refused.
export async function send(method, path, body) {
  for (const answer of answers.values()) answer.etag = null; // what is written shows at once, before the index has it
  const response = await reach(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return bodyOf(response);
}

function keep(at, answer) {
  answers.delete(at);
  answers.set(at, answer);
  if (answers.size > KEPT) answers.delete(answers.keys().next().value);
}

async function reach(at, options) {
  try {
    return await fetch(at, { ...options, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The desk does not answer. Is `legation desk` still running?", 0);
  }
}

async function bodyOf(response) {
  const text = await response.text();
  if (response.ok) return text ? JSON.parse(text) : null;
  const { status, statusText } = response;
  throw new Refused(sentenceOf(text) ?? `The server answered ${status} ${statusText}.`, status);
}

function sentenceOf(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined; // not JSON: the status is told instead
  }
}
