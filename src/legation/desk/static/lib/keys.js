// What the keyboard does everywhere: lists, views, help. Views need no code for it: what has `data-item` is an item.

import { html, useEffect, useRef } from "./preact.js";

const PAUSE = 1200; // milliseconds in which the second key may follow "g"

// j and k move the focus among the visible [data-item] of the page, g and a letter go to a view (`jumps`: [letter,
// function]), ? asks for help. Nothing of this while words are being typed.
export function useKeys(jumps, onHelp) {
  const latest = useRef(null);
  latest.current = { jumps, onHelp };
  useEffect(() => {
    let armed = 0;
    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      if (event.timeStamp - armed < PAUSE) {
        armed = 0;
        const jump = latest.current.jumps.find(([key]) => key === event.key);
        if (jump) event.preventDefault();
        jump?.[1]();
      } else if (event.key === "g") armed = event.timeStamp;
      else if (event.key === "?") latest.current.onHelp();
      else if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

const isTyping = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select");

// The focus goes to the next or previous item; from elsewhere, to the first that is seen.
function move(step) {
  const items = [...document.querySelectorAll("main [data-item]")].filter((item) => item.getClientRects().length);
  const at = items.findIndex((item) => item.contains(document.activeElement));
  const next = at === -1 ? items.find((item) => item.getBoundingClientRect().bottom > 0) : items[at + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const KEYS = [
  ["/", "search and filter"], ["j", "next in the list, or next mark in a report"], ["k", "the one before"],
  ["Enter", "open it"], ["Esc", "close"], ["?", "these keys"],
];

export function Keys({ open, onClose, views }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open) dialog.current.showModal();
    else dialog.current.close();
  }, [open]);
  const row = ([keys, what]) => html`<tr><th
    scope="row">${keys.split(" ").map((key) => html`<kbd>${key}</kbd> `)}</th><td>${what}</td></tr>`;
  return html`<dialog ref=${dialog} aria-labelledby="keys-head" onClose=${onClose}>
    <h2 id="keys-head">Keys</h2>
    <div class="keys">
      <table><tbody>${KEYS.map(row)}</tbody></table>
      <table><tbody>${views.map(([, name, , key]) => row([`g ${key}`, name]))}</tbody></table>
    </div>
    <button type="button" onClick=${onClose}>Close</button>
  </dialog>`;
}
