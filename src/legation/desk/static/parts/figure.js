// Figures: the width they have, what their colours mean, and those that Observable Plot draws.

import { html, useLayoutEffect, useRef, useState } from "../lib/preact.js";
import { QUADS } from "../lib/format.js";

// [ref, width]: the width in pixels of the element that the ref is given to; 0 before it is laid out.
export function useWidth() {
  const frame = useRef(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, []);
  return [frame, width];
}

// Bins of time that are pointed at, or moved over with the arrow keys, and chosen with a click or Enter. `xs` are their
// middles in pixels, ascending, for `children(cursor)`, which draws with the bin pointed at (its index or null); `told(i)`
// says what a bin holds; `onPick(i)` is told the chosen one, `chosen` is its index or -1.
export function BinPicker({ frame, xs, label, told, chosen, onPick, children }) {
  const [over, setOver] = useState(null);
  const cursor = over !== null && over < xs.length ? over : chosen === -1 ? null : chosen;
  const nearestTo = (event) => nearest(xs, event.clientX - frame.current.getBoundingClientRect().left);
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 12, PageDown: -12, Home: -xs.length, End: xs.length }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (cursor !== null) onPick(cursor);
    } else if (step) {
      event.preventDefault();
      setOver(Math.max(0, Math.min(xs.length - 1, (cursor ?? (step > 0 ? -1 : xs.length)) + step)));
    }
  };
  const shown = cursor ?? xs.length - 1;
  return html`<div class="bin-frame" ref=${frame} role="slider" tabindex="0" aria-label=${label} aria-valuemin="0"
      aria-valuemax=${xs.length - 1} aria-valuenow=${shown} aria-valuetext=${told(shown)} onKeyDown=${move} onBlur=${() => setOver(null)}
      onPointerMove=${(event) => setOver(nearestTo(event))} onPointerLeave=${() => setOver(null)} onClick=${(event) => onPick(nearestTo(event))}>
      ${children(cursor)}
    </div>
    <p class="chart-told" aria-hidden="true">${cursor === null
      ? html`<span class="faint">Point at a bar, or use the arrow keys; a click or Enter lists its events.</span>` : told(cursor)}</p>`;
}

// The index of the value in an ascending list that is nearest to one.
export function nearest(values, value) {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const between = (low + high) >> 1;
    if (values[between] < value) low = between + 1;
    else high = between;
  }
  return low > 0 && value - values[low - 1] < values[low] - value ? low - 1 : low;
}

// [{ quad, from, to }] of four counts: cooperation above zero, conflict below, the verbal next to it.
export function stack([q1, q2, q3, q4]) {
  return [
    { quad: 1, from: 0, to: q1 }, { quad: 2, from: q1, to: q1 + q2 },
    { quad: 3, from: 0, to: -q3 }, { quad: 4, from: -q3, to: -q3 - q4 },
  ].filter(({ from, to }) => from !== to);
}

// Such bars for bins at `xs`, each as wide as its bin (`lengths`), by the scale `n`.
export const Stacks = ({ bins, xs, lengths, n }) => html`<g>${bins.map((bin, i) => {
  const width = Math.max(1, lengths[i] - (lengths[i] > 4 ? 1 : 0));
  return stack(bin.quads).map(({ quad, from, to }) => html`<rect class=${`bar bar-${quad}`} x=${xs[i] - width / 2} y=${n(Math.max(from, to))}
    width=${width} height=${Math.abs(n(from) - n(to))} />`);
})}</g>`;

// "3 verbal cooperation, 1 material conflict".
export const quadsTold = (quads) => quads.map((n, i) => n && `${n} ${QUADS[i + 1]}`).filter(Boolean).join(", ");

// A figure drawn by `draw(width)`, which returns an element, anew when the width or one of `inputs` changes. `label` says
// what it shows to those who do not see it; `height` is held free until it is drawn.
export function Figure({ draw, inputs, label, height }) {
  const [frame, width] = useWidth();
  useLayoutEffect(() => {
    if (!width) return;
    const drawn = draw(width);
    drawn.setAttribute("aria-hidden", "true"); // the label says it; what Plot says of its groups, no reader could make sense of
    frame.current.replaceChildren(drawn);
    frame.current.style.minHeight = "";
  }, [width, ...inputs]);
  useLayoutEffect(() => {
    frame.current.style.minHeight = `${height}px`;
  }, []);
  return html`<div class="figure" role="img" aria-label=${label} ref=${frame}></div>`;
}

// What the colours of the quad classes mean; `counts`, where given, are written with them, in the same order.
export const QuadLegend = ({ counts }) => html`<ul class="quad-legend" aria-label="Quad classes">
  ${Object.entries(QUADS).map(([quad, name], i) => html`<li>
    <span class="quad quad-${quad}" aria-hidden="true"></span> ${name}${counts && html` <b>${counts[i].toLocaleString("en-GB")}</b>`}</li>`)}
</ul>`;

// A share of a whole as a bar with its figure in words beside it; `parts` are [class, number].
export function Bar({ parts, label }) {
  const whole = parts.reduce((sum, [, n]) => sum + n, 0) || 1;
  let from = 0;
  return html`<svg class="share" role="img" aria-label=${label} viewBox="0 0 100 8" preserveAspectRatio="none">
    ${parts.map(([name, n]) => {
      const x = from;
      from += (100 * n) / whole;
      return n ? html`<rect class=${name} x=${x} y="0" width=${(100 * n) / whole} height="8" />` : null;
    })}
  </svg>`;
}
