// Where the reader is, what is loaded, what is remembered. The state of a view lives in the URL.

import { Refused, address, get, kept } from "./api.js";
import { createContext, useContext, useEffect, useLayoutEffect, useReducer, useState } from "./preact.js";
import { plain } from "./text.js";

// Where the reader is. ----------------------------------------------------------------------------------------------

const listeners = new Set();
const place = () => ({ path: location.pathname, search: location.search });

addEventListener("popstate", () => tell());

function tell() {
  for (const listener of [...listeners]) listener();
}

// Go to an address of this desk ("/event/e1", "?deed=AID"), as a link would; `replace` makes no step to go back over.
export function go(url, { replace = false } = {}) {
  const to = new URL(url, location.href);
  if (to.href === location.href) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  tell();
}

// { path, search } of the current address; the component is drawn again when it changes.
export function useLocation() {
  const [at, setAt] = useState(place);
  useLayoutEffect(() => {
    const listener = () => setAt((before) => {
      const now = place();
      return before.path === now.path && before.search === now.search ? before : now;
    });
    listeners.add(listener);
    listener();
    return () => listeners.delete(listener);
  }, []);
  return at;
}

// [params, setParams]: the query as URLSearchParams, and a function that takes { name: value }: text, a number, a list
// for what may be repeated, null or "" or [] to take it out; names not given stay. `{ replace: true }` for what changes
// while a hand moves, such as a brush.
export function useQuery() {
  const { search } = useLocation();
  return [new URLSearchParams(search), setParams];
}

export function setParams(changes, options) {
  go(location.pathname + queryWith(changes), options);
}

// "?deed=AID&limit=5": the current query with these changes, for the href of a link.
export function queryWith(changes, search = location.search) {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

// What is loaded. ---------------------------------------------------------------------------------------------------

// { data, error, loading, again } of GET path?params; a null path loads nothing. While another answer is on its way,
// `data` is the one before, so that nothing jumps. `again()` asks anew.
export function useLoad(path, params) {
  const at = path === null ? null : address(path, params);
  const [turn, again] = useReducer((n) => n + 1, 0);
  const [state, setState] = useState(() => ({ at, data: at === null ? undefined : kept(at), error: null, done: null }));
  useEffect(() => {
    if (at === null) return undefined;
    const controller = new AbortController();
    const set = (found) => controller.signal.aborted || setState((before) => ({ ...before, ...found }));
    const soon = kept(at);
    if (soon !== undefined) set({ at, data: soon, error: null });
    get(at, null, { signal: controller.signal }).then(
      (data) => set({ at, data, error: null, done: at }),
      (error) => error.name === "AbortError" || set({ at, error: asRefused(error), done: at }),
    );
    return () => controller.abort();
  }, [at, turn]);
  if (at === null) return { data: undefined, error: null, loading: false, again };
  return { data: state.data, error: state.at === at ? state.error : null, loading: state.done !== at, again };
}

function asRefused(error) {
  if (error instanceof Refused) return error;
  console.error(error);
  return new Refused("The answer of the desk cannot be read. Load the page again.", 0);
}

const NO_STORE = {
  name: "", version: null, events: null, mentions: null, reports: null, first_day: null, last_day: null, deeds: [],
  statuses: [], quads: {}, countries: {}, loaded: false,
};
export const StoreContext = createContext(NO_STORE);

// The answer of /api/store; until it is there, one with empty lists and `loaded` false.
export const useStore = () => useContext(StoreContext);

// Answers of /api/store from the start and after each change that the server tells, for StoreContext. -> the answer
export function useStoreAnswer() {
  const { data, error, again } = useLoad("/api/store");
  useEffect(() => {
    if (typeof EventSource === "undefined") return undefined;
    const source = new EventSource("/api/live");
    source.addEventListener("changed", again);
    return () => source.close();
  }, []);
  return { store: data ? { ...data, loaded: true } : NO_STORE, error };
}

// What is remembered in this browser. -------------------------------------------------------------------------------

const values = new Map(); // what was set on this page, by name: it holds even where the browser keeps nothing
const watchers = new Set();

// [value, setValue] of a text kept under a name in this browser; all who use the name see a change.
export function useKept(name, otherwise) {
  const key = `legation.${name}`;
  const read = () => (values.has(key) ? values.get(key) : remembered(key) ?? otherwise);
  const [value, setValue] = useState(read);
  useEffect(() => {
    const watcher = () => setValue(read());
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, [key]);
  return [value, (next) => keep(key, next)];
}

function keep(key, value) {
  values.set(key, value);
  for (const watcher of [...watchers]) watcher();
  try {
    localStorage.setItem(key, value);
  } catch (error) {
    console.warn(`The browser keeps nothing for this page: ${error.message}`);
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is switched off
  }
}

export function useTitle(title) {
  useEffect(() => {
    document.title = title ? `${plain(title)} · Legation` : "Legation";
  }, [title]);
}
