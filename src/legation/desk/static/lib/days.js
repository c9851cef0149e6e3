// Counts over time as a strip of bars by quad class, with a brush that sets since and until.

import { count, day, interval } from "./format.js";
import { html, useLayoutEffect, useRef, useState } from "./preact.js";

const HEIGHT = 56;

// `bins` are those of /api/days; `since` and `until` (ISO days or null) are shown as chosen; `onPick({ since, until })`
// is told a new choice when the pointer is let go (a click chooses one bin), nulls when a double click takes it out.
// The same choice can be made in date fields, which whoever shows this has beside it.
export function Days({ bins, since, until, onPick, label = "Events over time" }) {
  const frame = useRef(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState(null);
  const [over, setOver] = useState(null);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, []);
  const most = Math.max(1, ...bins.map(total));
  const step = bins.length ? width / bins.length : 0;
  const indexAt = (event) => {
    const x = event.clientX - frame.current.getBoundingClientRect().left;
    return Math.max(0, Math.min(bins.length - 1, Math.floor(x / step)));
  };
  const start = (event) => {
    if (!bins.length || event.button) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag([indexAt(event), indexAt(event)]);
  };
  const move = (event) => {
    if (!bins.length) return;
    setOver(indexAt(event));
    if (drag) setDrag([drag[0], indexAt(event)]);
  };
  const stop = () => {
    if (!drag) return;
    const [a, b] = [Math.min(...drag), Math.max(...drag)];
    setDrag(null);
    onPick({ since: bins[a].start, until: bins[b].end });
  };
  const chosen = drag ? [Math.min(...drag), Math.max(...drag)] : chosenBins(bins, since, until);
  const told = bins[over];
  return html`<div class="days">
    <svg class="days-bars" ref=${frame} width="100%" height=${HEIGHT} role="img" aria-label=${summary(label, bins)}
      onPointerDown=${start} onPointerMove=${move} onPointerUp=${stop} onPointerCancel=${() => setDrag(null)}
      onPointerLeave=${() => setOver(null)} onDblClick=${() => onPick({ since: null, until: null })}>
      ${chosen && html`<rect class="days-chosen" x=${chosen[0] * step} y="0"
        width=${(chosen[1] - chosen[0] + 1) * step} height=${HEIGHT} />`}
      ${bins.map((bin, i) => html`<${Bar} bin=${bin} x=${i * step} width=${step} most=${most}
        faded=${chosen && (i < chosen[0] || i > chosen[1])} />`)}
      <line class="axis" x1="0" x2=${width} y1=${HEIGHT - 0.5} y2=${HEIGHT - 0.5} />
    </svg>
    <div class="days-scale" aria-hidden="true">
      <span>${bins.length > 0 && day(bins[0].start)}</span>
      <span class="days-told">${told && `${interval(told.start, told.end)}: ${count(total(told), "event")}`}</span>
      <span>${bins.length > 0 && day(bins.at(-1).end)}</span>
    </div>
  </div>`;
}

const total = (bin) => bin.quads.reduce((sum, n) => sum + n, bin.none);

// One bar: cooperation at the foot, conflict over it, what has no class on top.
function Bar({ bin, x, width, most, faded }) {
  const gap = width > 4 ? 1 : 0;
  let foot = HEIGHT - 1;
  return [...bin.quads, bin.none].map((n, i) => {
    if (!n) return null;
    const height = (n / most) * (HEIGHT - 4);
    foot -= height;
    return html`<rect class="bar bar-${i < 4 ? i + 1 : 0} ${faded ? "faded" : ""}" x=${x} y=${foot}
      width=${Math.max(0.5, width - gap)} height=${height} />`;
  });
}

function chosenBins(bins, since, until) {
  if (!since && !until) return null;
  const inside = bins.flatMap((bin, i) => ((!since || bin.end >= since) && (!until || bin.start <= until) ? [i] : []));
  return inside.length ? [inside[0], inside.at(-1)] : null;
}

function summary(label, bins) {
  if (!bins.length) return `${label}: nothing to count`;
  const highest = bins.reduce((a, b) => (total(b) > total(a) ? b : a));
  const sum = bins.reduce((n, bin) => n + total(bin), 0);
  return `${label}: ${count(sum, "event")} from ${day(bins[0].start)} to ${day(bins.at(-1).end)}, `
    + `most (${total(highest)}) ${interval(highest.start, highest.end)}`;
}
