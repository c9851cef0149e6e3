// Views that tell when the store has changed since they were loaded. What is being read stays until the reader asks.

import { html, useEffect, useRef, useState } from "../lib/preact.js";
import { useStore } from "../lib/state.js";

// The view, with a bar above it when a run or a correction has changed the store: Show draws it anew from what is there now.
export const fresh = (View) => function Fresh(given) {
  const store = useStore();
  const [turn, setTurn] = useState(0);
  const [changed, setChanged] = useState(false);
  const read = useRef(null);
  useEffect(() => {
    if (read.current !== null && read.current !== store.version) setChanged(true);
    else read.current = store.version;
  }, [store.version]);
  const show = () => {
    read.current = store.version;
    setChanged(false);
    setTurn(turn + 1);
  };
  return html`<div class="news" role="status">${changed && html`<span>The store has changed since this was loaded</span>
    <button type="button" onClick=${show}>Show</button>`}</div>
    <${View} key=${turn} ...${given} />`;
};
