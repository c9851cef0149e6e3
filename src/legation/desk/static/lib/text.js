// Text as reports give it: offsets, and characters that could deceive a reader.

import { html } from "./preact.js";

const ASTRAL = /[\u{10000}-\u{10FFFF}]/u;

// The server counts characters (code points), the browser UTF-16 units: functions between the two for one text.
// `unit(12)` is where character 12 starts in the browser's string, `point` the way back.
export function offsets(text) {
  if (!ASTRAL.test(text)) return { unit: (n) => n, point: (n) => n };
  const starts = [];
  for (let at = 0; at < text.length; at += text.codePointAt(at) > 0xffff ? 2 : 1) starts.push(at);
  starts.push(text.length);
  return {
    unit: (n) => starts[Math.max(0, Math.min(n, starts.length - 1))],
    point: (n) => lowest(starts, n),
  };
}

function lowest(starts, unit) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < unit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const CONTROL_NAMES = {
  "\u061C": "ALM", "\u200E": "LRM", "\u200F": "RLM", "\u202A": "LRE", "\u202B": "RLE", "\u202C": "PDF", "\u202D": "LRO",
  "\u202E": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
};
const CONTROLS = /([\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F])/;

// Text with its direction and other controls shown as marked glyphs instead of obeyed, as children of an element.
export function visible(text) {
  if (!CONTROLS.test(text)) return text;
  return text.split(CONTROLS).map((piece, i) => (i % 2 ? html`<${Control} of=${piece} />` : piece));
}

// The same where only plain text can stand, such as the title of the window: "[RLO]".
export const plain = (text) => text.replace(new RegExp(CONTROLS, "g"), (control) => `[${nameOf(control)}]`);

const nameOf = (control) => CONTROL_NAMES[control] ?? `U+${hex(control.codePointAt(0))}`;
const hex = (n) => n.toString(16).toUpperCase().padStart(4, "0");

function Control({ of }) {
  const name = nameOf(of);
  return html`<span class="control" data-control=${of} title=${`a control character: ${name}`}>${name}</span>`;
}

// Words from a report or a table inside a line of ours: isolated, so that they cannot turn what stands around them.
export const Text = ({ text }) => html`<bdi>${visible(String(text ?? ""))}</bdi>`;

// Only web addresses become links; "javascript:" and the like are shown as the text they are.
export function isWebAddress(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}
