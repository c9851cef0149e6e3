// Lists that are longer than a page of the API. What was loaded stays for the way back.

import { address, get } from "./api.js";
import { useReducer, useState } from "./preact.js";
import { useLoad } from "./state.js";

const LIMIT = 50;
const further = new Map(); // address of a first page → { first, pages } that follow it

// { rows, total, next, more, again, loading, error } of a paged GET whose rows are in the field `name` of its answers.
// `more()` loads the next page; `rows` is undefined until the first is there. Pages that follow a first page which has
// changed are dropped.
export function usePages(path, params, name) {
  const query = new URLSearchParams(params);
  query.set("limit", LIMIT);
  const at = address(path, query);
  const { data, loading, error, again } = useLoad(path, query);
  const [, redraw] = useReducer((n) => n + 1, 0);
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const after = further.get(at);
  const kept = after && after.first === data ? after.pages : [];
  const last = kept.at(-1) ?? data;
  const more = async () => {
    setBusy(true);
    setFailed(null);
    try {
      query.set("after", last.next);
      const page = await get(path, query);
      further.set(at, { first: data, pages: [...kept, page] });
      redraw();
    } catch (problem) {
      setFailed(problem);
    }
    setBusy(false);
  };
  return {
    rows: data && [data, ...kept].flatMap((page) => page[name]),
    total: data?.total, next: last?.next ?? null, more, again, busy, loading, error: error ?? failed, answer: data,
  };
}
