// Moving and enlarging a drawing with the mouse, by touch, with the keyboard and with buttons.

import { html, useEffect, useRef, useState } from "../lib/preact.js";
import { select, zoom, zoomIdentity } from "../vendor/d3.js";

// [transform, { by, reset, onKey }] of a drawing of width x height pixels in the element of a ref, up to `furthest` times
// enlarged. It begins as `begin(width, height)` says, where given; `onEnd(transform)` is told where a movement ended. onKey takes
// a keydown: arrows move (where `arrows`), + and - enlarge and shrink, 0 shows all; true where it did.
export function useZoom(svg, width, height, furthest, { arrows = true, begin, onEnd } = {}) {
  const [at, setAt] = useState(zoomIdentity);
  const behaviour = useRef(null);
  const ended = useRef(null);
  ended.current = onEnd;
  useEffect(() => {
    if (!width) return;
    const first = !behaviour.current;
    if (first) {
      behaviour.current = zoom().scaleExtent([1, furthest]).filter(wanted).on("zoom", (event) => setAt(event.transform))
        .on("end", (event) => event.sourceEvent !== BEGIN && ended.current?.(event.transform));
    }
    behaviour.current.translateExtent([[0, 0], [width, height]]).extent([[0, 0], [width, height]]);
    select(svg.current).call(behaviour.current).on("dblclick.zoom", null);
    if (first && begin) behaviour.current.transform(select(svg.current), begin(width, height), null, BEGIN);
  }, [width, height]);
  const call = (name, ...given) => select(svg.current).call(behaviour.current[name], ...given);
  const by = (times) => call("scaleBy", times);
  const reset = () => call("transform", zoomIdentity);
  const onKey = (event) => {
    const step = 60 / at.k;
    const shifts = arrows ? { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] } : {};
    const times = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(shifts[event.key] || times || event.key === "0")) return false;
    event.preventDefault();
    if (shifts[event.key]) call("translateBy", ...shifts[event.key]);
    else if (times) by(times);
    else reset();
    return true;
  };
  return [at, { by, reset, onKey }];
}

const BEGIN = { type: "begin" }; // what moves a drawing to where it begins: no movement of the reader's

// The wheel only while the drawing has the focus or a modifier is held, so that the page scrolls past it. (One finger scrolls
// the page as long as nothing is enlarged: see .enlarged in views.css.)
function wanted(event) {
  if (event.type === "wheel") return event.ctrlKey || event.metaKey || this === document.activeElement || this.contains(document.activeElement);
  return !event.button;
}

export const ZoomButtons = ({ zoomer, at }) => html`<div class="zoom-buttons">
  <button type="button" aria-label="Closer" onClick=${() => zoomer.by(2)}>+</button>
  <button type="button" aria-label="Further" onClick=${() => zoomer.by(0.5)}>−</button>
  <button type="button" aria-label="Show all" onClick=${zoomer.reset} disabled=${at.k === 1}>⤢</button>
</div>`;
