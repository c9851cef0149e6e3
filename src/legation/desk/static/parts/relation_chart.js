// The relation of two actors over time: intensity with its level and changes above, events by quad class below.

import { count, day } from "../lib/format.js";
import { html, useMemo } from "../lib/preact.js";
import { extent, line, max, scaleLinear, scaleSqrt, scaleUtc } from "../vendor/d3.js";
import { BinPicker, QuadLegend, Stacks, quadsTold, useWidth } from "./figure.js";
import { binEnd, binName, later, ms, tickNames } from "./time.js";

const LEVEL = { top: 12, height: 170 };
const COUNTS = { top: 204, height: 120 };
const HEIGHT = 350;
const LEFT = 34;
const RIGHT = 10;

// "+1.5", "−3.0", "0.0".
export function signed(n, digits = 1) {
  const text = Math.abs(n).toFixed(digits);
  return Number(text) === 0 ? text : `${n > 0 ? "+" : "−"}${text}`;
}

// `bins` are those of /api/relation, `at` the first day of the chosen bin or null; `onPick(start)` is told a chosen bin.
export function RelationChart({ bins, by, names, at, onPick }) {
  const [frame, width] = useWidth();
  const scales = useMemo(() => scalesOf(bins, by, Math.max(width, 200)), [bins, by, width]);
  const chosen = bins.findIndex((bin) => bin.start === at);
  return html`<section class="relation-chart">
    <h2>Over time</h2>
    <${BinPicker} frame=${frame} xs=${scales.xs} chosen=${chosen} label="Bins of time; Enter lists the events of one"
      told=${(i) => told(bins[i], by)} onPick=${(i) => onPick(bins[i].start)}>${(cursor) => html`
      <svg width="100%" height=${HEIGHT} aria-hidden="true">
        ${width > 0 && html`<${Cursor} scales=${scales} at=${chosen} name="chart-chosen" />
          ${cursor !== chosen && html`<${Cursor} scales=${scales} at=${cursor ?? -1} name="chart-over" />`}
          <${Axis} scales=${scales} width=${width} />
          <${Level} bins=${bins} scales=${scales} />
          <${Stacks} bins=${bins} ...${scales} />`}
      </svg>`}<//>
    <div class="chart-keys"><ul class="quad-legend" aria-label="Lines">
        <li><svg width="26" height="10" aria-hidden="true"><line class="level-line" x1="0" x2="26" y1="5" y2="5" /></svg> smoothed level</li>
        <li><svg width="10" height="10" aria-hidden="true"><circle class="level-dot" cx="5" cy="5" r="4" /></svg> mean of a bin, larger for more events</li>
        ${bins.some((bin) => bin.changepoint) && html`<li>
          <svg width="10" height="14" aria-hidden="true"><line class="change-line" x1="5" x2="5" y1="0" y2="14" /></svg> the mean changes</li>`}
      </ul><${QuadLegend} /></div>
    <${Changes} bins=${bins} by=${by} />
    <${Twin} bins=${bins} by=${by} names=${names} />
  </section>`;
}

// What is said of one bin.
function told(bin, by) {
  const quads = quadsTold(bin.quads);
  const mean = bin.mean === null ? "" : `, mean intensity ${signed(bin.mean)}, level ${signed(bin.level)}`;
  return `${binName(bin.start, by)}: ${count(bin.events, "event")}${quads && ` (${quads})`}${mean}${bin.changepoint ? "; the mean changes here" : ""}`;
}

// Scales. -----------------------------------------------------------------------------------------------------------

// Places of bins in a chart `width` pixels wide; a bin lies at its middle.
export function scalesOf(bins, by, width) {
  const middle = (bin) => (ms(bin.start) + ms(later(binEnd(bin.start, by), 1))) / 2;
  const first = ms(bins[0].start);
  const last = ms(later(binEnd(bins.at(-1).start, by), 1));
  const x = scaleUtc([first, last], [LEFT, width - RIGHT]);
  const lengths = bins.map((bin) => x(ms(later(binEnd(bin.start, by), 1))) - x(ms(bin.start)));
  const [low, high] = extent(bins.flatMap((bin) => [bin.mean, bin.level]).filter((value) => value !== null));
  const up = max(bins, (bin) => bin.quads[0] + bin.quads[1]) || 0;
  const down = max(bins, (bin) => bin.quads[2] + bin.quads[3]) || 0;
  const y = scaleLinear([Math.min(-1, low ?? 0), Math.max(1, high ?? 0)], [LEVEL.top + LEVEL.height, LEVEL.top]).nice(5);
  const n = scaleLinear([-Math.max(1, down), Math.max(1, up)], [COUNTS.top + COUNTS.height, COUNTS.top]).nice(4);
  const r = scaleSqrt([0, max(bins, (bin) => bin.events)], [1.5, 7]);
  return { x, y, n, r, xs: bins.map((bin) => x(middle(bin))), lengths, width };
}

// Marks. ------------------------------------------------------------------------------------------------------------

function Axis({ scales: { x, y, n, width } }) {
  const ticks = x.ticks(Math.max(2, Math.floor(width / 90))).filter((tick) => x(tick) < width - 24);
  const names = tickNames(ticks);
  const whole = n.ticks(4).filter(Number.isInteger);
  return html`<g class="chart-axis">
    ${y.ticks(5).map((tick) => html`<line class=${tick === 0 ? "zero" : "grid"} x1=${LEFT} x2=${width - RIGHT} y1=${y(tick)} y2=${y(tick)} />
      <text x=${LEFT - 6} y=${y(tick)} dy="0.32em" text-anchor="end">${signed(tick, 0)}</text>`)}
    ${whole.map((tick) => html`<line class=${tick === 0 ? "zero" : "grid"} x1=${LEFT} x2=${width - RIGHT} y1=${n(tick)} y2=${n(tick)} />
      <text x=${LEFT - 6} y=${n(tick)} dy="0.32em" text-anchor="end">${Math.abs(tick)}</text>`)}
    ${ticks.map((tick, i) => html`<text x=${x(tick)} y=${HEIGHT - 6} text-anchor="middle">${names[i]}</text>`)}
    <text class="chart-name" x=${LEFT + 4} y=${LEVEL.top + 2}>intensity, −10 to +10</text>
    <text class="chart-name" x=${LEFT + 4} y=${COUNTS.top - 8}>events: cooperation up, conflict down</text>
  </g>`;
}

function Level({ bins, scales: { y, r, xs } }) {
  const path = line((bin, i) => xs[i], (bin) => y(bin.level)).defined((bin) => bin.level !== null)(bins);
  return html`<g>
    ${bins.map((bin, i) => bin.changepoint && html`<line class="change-line" x1=${xs[i]} x2=${xs[i]} y1=${LEVEL.top} y2=${COUNTS.top + COUNTS.height} />`)}
    ${bins.map((bin, i) => bin.mean !== null && html`<circle class="level-dot" cx=${xs[i]} cy=${y(bin.mean)} r=${r(bin.events)} />`)}
    <path class="level-line" d=${path} />
  </g>`;
}

const Cursor = ({ scales: { xs, lengths }, at, name }) => at >= 0 && html`<rect class=${name} x=${xs[at] - Math.max(6, lengths[at]) / 2} y="0"
  width=${Math.max(6, lengths[at])} height=${HEIGHT - 20} />`;

// In words. ---------------------------------------------------------------------------------------------------------

// Where the mean of the series changes, and from what to what: the means of the bins between two changes.
export function changesOf(bins) {
  const scored = bins.filter((bin) => bin.mean !== null);
  const segments = [];
  for (const bin of scored) {
    if (!segments.length || bin.changepoint) segments.push({ start: bin.start, values: [] });
    segments.at(-1).values.push(bin.mean);
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return segments.slice(1).map((segment, i) => ({ start: segment.start, before: mean(segments[i].values), after: mean(segment.values) }));
}

function Changes({ bins, by }) {
  const changes = changesOf(bins);
  if (!changes.length) return html`<p class="faint">The mean of the series changes nowhere by more than its noise.</p>`;
  const at = (start) => (by === "month" ? `in ${binName(start, by)}` : `on ${day(start)}`);
  return html`<p>The mean changes ${changes.map(({ start, before, after }, i) => html`${i > 0 && "; "}${at(start)} from ${signed(before)} to <b>${signed(after)}</b>`)}.</p>`;
}

function Twin({ bins, by, names: [one, other] }) {
  return html`<details class="twin"><summary>The same as a table</summary>
    <div class="table-frame" role="region" aria-label="Bins" tabindex="0"><table>
      <thead><tr><th scope="col">Bin</th><th scope="col" class="numeric">Verbal coop.</th><th scope="col" class="numeric">Material coop.</th>
        <th scope="col" class="numeric">Verbal conflict</th><th scope="col" class="numeric">Material conflict</th>
        <th scope="col" class="numeric"><bdi>${one}</bdi> on <bdi>${other}</bdi></th><th scope="col" class="numeric">Both</th>
        <th scope="col" class="numeric"><bdi>${other}</bdi> on <bdi>${one}</bdi></th>
        <th scope="col" class="numeric">Mean</th><th scope="col" class="numeric">Level</th></tr></thead>
      <tbody>${bins.map((bin) => html`<tr><th scope="row">${binName(bin.start, by)}</th>
        ${[...bin.quads, bin.forth, bin.both, bin.back].map((n) => html`<td class="numeric">${n}</td>`)}
        <td class="numeric">${bin.mean === null ? "none" : signed(bin.mean)}</td><td class="numeric">${bin.level === null ? "none" : signed(bin.level)}</td></tr>`)}</tbody>
    </table></div></details>`;
}
