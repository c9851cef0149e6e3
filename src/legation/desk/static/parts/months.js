// The events of an actor, month by month and by quad class.

import { count } from "../lib/format.js";
import { html, useMemo } from "../lib/preact.js";
import { max, scaleLinear, scaleUtc } from "../vendor/d3.js";
import { BinPicker, QuadLegend, Stacks, quadsTold, useWidth } from "./figure.js";
import { binEnd, later, monthName, ms, tickNames } from "./time.js";

const HEIGHT = 180;
const LEFT = 34;

// `months` are those of /api/actor; `at` the chosen one by its first day, or null; `onPick(start)` is told a chosen one.
export function Months({ months, at, onPick }) {
  const [frame, width] = useWidth();
  const scales = useMemo(() => scalesOf(months, Math.max(width, 200)), [months, width]);
  const chosen = months.findIndex((month) => month.start === at);
  const told = (i) => `${monthName(months[i].start)}: ${count(months[i].events, "event")}${quadsTold(months[i].quads) && ` (${quadsTold(months[i].quads)})`}`;
  return html`<section><h2>Activity by month</h2>
    <${BinPicker} frame=${frame} xs=${scales.xs} chosen=${chosen} label="Months; Enter lists the events of one" told=${told}
      onPick=${(i) => onPick(months[i].start)}>${(cursor) => html`<svg width="100%" height=${HEIGHT} aria-hidden="true">
        ${width > 0 && html`<${Marks} months=${months} scales=${scales} width=${width} cursor=${cursor} chosen=${chosen} />`}</svg>`}<//>
    <div class="chart-keys"><${QuadLegend} /><span class="hint">cooperation up, conflict down</span></div></section>`;
}

function scalesOf(months, width) {
  const end = (month) => ms(later(binEnd(month.start, "month"), 1));
  const x = scaleUtc([ms(months[0].start), end(months.at(-1))], [LEFT, width - 8]);
  const most = (i, j) => Math.max(1, max(months, ({ quads }) => quads[i] + quads[j]));
  const n = scaleLinear([-most(2, 3), most(0, 1)], [HEIGHT - 22, 8]).nice(4);
  return { x, n, xs: months.map((month) => x((ms(month.start) + end(month)) / 2)), lengths: months.map((month) => x(end(month)) - x(ms(month.start))) };
}

function Marks({ months, scales, width, cursor, chosen }) {
  const { x, n, xs, lengths } = scales;
  const band = (i, name) => i >= 0 && html`<rect class=${name} x=${xs[i] - Math.max(6, lengths[i]) / 2} y="0" width=${Math.max(6, lengths[i])} height=${HEIGHT - 20} />`;
  const ticks = x.ticks(Math.max(2, Math.min(months.length + 1, Math.floor(width / 90)))).filter((tick) => x(tick) < width - 20);
  const names = tickNames(ticks);
  return html`${band(chosen, "chart-chosen")}${cursor !== chosen && band(cursor ?? -1, "chart-over")}
    <g class="chart-axis">
      ${n.ticks(4).filter(Number.isInteger).map((tick) => html`<line class=${tick === 0 ? "zero" : "grid"} x1=${LEFT} x2=${width - 8} y1=${n(tick)} y2=${n(tick)} />
        <text x=${LEFT - 6} y=${n(tick)} dy="0.32em" text-anchor="end">${Math.abs(tick)}</text>`)}
      ${ticks.map((tick, i) => html`<text x=${x(tick)} y=${HEIGHT - 5} text-anchor="middle">${names[i]}</text>`)}
    </g>
    <${Stacks} bins=${months} ...${scales} />`;
}
