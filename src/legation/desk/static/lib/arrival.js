// Where the page stands after a step: at its top on the way forward, where it was left on the way back.

import { useEffect } from "./preact.js";

const LATEST = 3000; // milliseconds in which what was there may appear again

history.scrollRestoration = "manual";
const left = new Map(); // key of a step of the history → { y, href } when it was last seen
let back = false; // whether the last step was one of the browser's own, back or forward
let first = true;

const keyOf = () => history.state?.key ?? "start";

function note() {
  const item = document.activeElement?.closest?.("[data-item]");
  left.set(keyOf(), { y: scrollY, href: item?.getAttribute("href") ?? null });
}

addEventListener("scroll", note, { passive: true });
addEventListener("focusin", note);
addEventListener("popstate", () => { back = true; });
for (const name of ["pushState", "replaceState"]) {
  const plain = history[name].bind(history);
  history[name] = (state, ...rest) => {
    if (name === "pushState") back = false;
    plain({ ...state, key: name === "pushState" ? crypto.randomUUID() : keyOf() }, ...rest);
  };
}

// To be called by what shows a view, with whether it is `ready`; once for each new path.
export function useArrival(ready) {
  useEffect(() => {
    if (!ready) return undefined;
    const before = back ? left.get(keyOf()) : undefined;
    if (before) return returnTo(before);
    if (!first) {
      scrollTo(0, 0);
      document.getElementById("main").focus({ preventScroll: true }); // so that a screen reader begins there
    }
    first = false;
    return undefined;
  }, [ready]);
}

// Scrolls there as soon as the page is long enough again, and gives the focus back to what had it.
function returnTo({ y, href }) {
  first = false;
  const main = document.getElementById("main");
  const arrive = () => {
    if (document.documentElement.scrollHeight < y + innerHeight) return;
    watch.disconnect();
    scrollTo(0, y);
    if (href) main.querySelector(`[data-item][href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
  };
  const watch = new ResizeObserver(arrive);
  watch.observe(main);
  const timer = setTimeout(() => watch.disconnect(), LATEST);
  return () => {
    clearTimeout(timer);
    watch.disconnect();
  };
}
