// Spans drawn into a text: cut where any of them starts or ends, so that overlapping ones are all seen.

import { html } from "./preact.js";
import { offsets, visible } from "./text.js";

export const ROLES = {
  trigger: "deed", source: "source", target: "target", time: "time", place: "place", claimant: "claimant",
};

// [{ start, end, spans }] that cover `text` (browser offsets); `spans` are those of the given that lie over the piece.
// Spans: anything with start < end in browser offsets; order is kept.
export function pieces(length, spans) {
  const cuts = new Set([0, length]);
  for (const { start, end } of spans) {
    cuts.add(Math.max(0, Math.min(start, length)));
    cuts.add(Math.max(0, Math.min(end, length)));
  }
  const at = [...cuts].sort((a, b) => a - b);
  const starting = [...spans].sort((a, b) => a.start - b.start);
  const found = [];
  let open = [];
  let next = 0;
  for (let i = 0; i + 1 < at.length; i++) {
    const [start, end] = [at[i], at[i + 1]];
    while (next < starting.length && starting[next].start <= start) open.push(starting[next++]);
    open = open.filter((span) => span.end > start);
    found.push({ start, end, spans: spans.filter((span) => open.includes(span)) });
  }
  return found;
}

// A sentence with the words of its deed and of each role marked: colour and kind of underline for the eye, a word for
// those who listen. `quote` is that of an EventRow; `labels` writes the roles above the words.
export function Quote({ quote, labels = false }) {
  const { unit } = offsets(quote.text);
  const [from, to] = quote.trigger;
  const spans = [...quote.spans, { role: "trigger", start: from, end: to }]
    .map((span) => ({ ...span, start: unit(span.start), end: unit(span.end) }))
    .filter((span) => span.start < span.end);
  return html`<span class=${labels ? "quote labelled" : "quote"} dir="auto">
    ${pieces(quote.text.length, spans).map((piece) => html`<${Piece} text=${quote.text} ...${piece} />`)}
  </span>`;
}

function Piece({ text, start, end, spans }) {
  const words = visible(text.slice(start, end));
  if (!spans.length) return words;
  const first = spans.filter((span) => span.start === start).map((span) => ROLES[span.role]);
  return html`<${Marked} roles=${[...new Set(spans.map((span) => span.role))]} labels=${first}>${words}<//>`;
}

// Words in the look of their roles, with the labels of the roles that start here.
export function Marked({ roles, labels, children }) {
  return html`<span class=${roles.map((role) => `role role-${role}`).join(" ")}>
    ${labels.length > 0 && html`<span class="role-label">${labels.join(", ")}: </span>`}${children}</span>`;
}

// What the looks mean.
export const Legend = () => html`<ul class="legend" aria-label="Marks in the sentences">
  ${Object.entries(ROLES).map(([role, name]) => html`<li><span class="role role-${role}">${name}</span></li>`)}
</ul>`;
