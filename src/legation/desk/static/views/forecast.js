// What is likely next for an actor or a pair, what is planned, and how well such forecasts have done.

import { count, day, interval, number, percent } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { setParams, useLoad, useStore } from "../lib/state.js";
import { Empty, Field, Link, Loading, Problem, Table, eventLink } from "../lib/ui.js";
import { Figure } from "../parts/figure.js";
import { Outlooks, chance } from "../parts/outlooks.js";
import { ActorPick } from "../parts/pick.js";
import { DeedName } from "../parts/plans.js";
import { reliability } from "../parts/plots.js";
import { later } from "../parts/time.js";

export const title = (params, query) => (query.get("source") ? `Forecast: ${query.get("source")}` : "Forecast");

export default function Forecast({ query }) {
  const store = useStore();
  const [source, target, on] = ["source", "target", "day"].map((name) => query.get(name));
  return html`<div class="page-head"><h1>What is likely next</h1></div>
    <div class="controls">
      <${ActorPick} label="Source" name="source" query=${query} />
      <button type="button" class="swap" aria-label="Swap the two actors" title="Swap the two" disabled=${!target}
        onClick=${() => setParams({ source: target, target: source })}>⇄</button>
      <${ActorPick} label="Target" name="target" query=${query} placeholder="Anyone" />
      <${Field} label="First day">${(id) => html`<input id=${id} type="date" value=${on ?? ""} onChange=${(event) => setParams({ day: event.target.value })} />`}<//>
    </div>
    ${!source && html`<${Empty}><p>Name a source above: a country, an actor, or a code such as PRK GOV. With a target the forecast is of what one does to the other,
      without of what it does to anyone. ${store.loaded && `The first day is the one after the last on which anything happened, unless you choose another.`}</p><//>`}
    ${source && html`<${Outlooks} key=${`${source}|${target}|${on}`} source=${source} target=${target} on=${on} />`}
    <${Planned} on=${on} />
    <${Scorecard} />`;
}

const MOST = 40;
const MOST_SCORED = 300;

function Planned({ on }) {
  const store = useStore();
  const asked = on ?? (store.last_reported && later(store.last_reported, 1));
  const { data, error, again } = useLoad(asked ? "/api/forecast/planned" : null, { day: asked });
  const found = data?.planned ?? [];
  const columns = [
    { name: "deed", label: "Deed", cell: (row) => html`<${Link} href=${eventLink(row.event_id)} data-item="plan"><${DeedName} ...${row} /><//>` },
    { name: "end", label: "Planned for", cell: (row) => html`<span class="nowrap">${interval(row.start ?? row.end, row.end)}</span>` },
    { name: "probability", label: "On time", numeric: true, cell: (row) => html`<b>${chance(row.probability)}</b>` },
    { name: "plans", label: "Plans like it", numeric: true, cell: (row) => number(row.plans) },
  ];
  return html`<section><h2>Planned acts, and whether they will take place on time</h2>
    ${error && html`<${Problem} error=${error} again=${again} />`}
    ${!data && !error && asked && html`<${Loading} what="plans" lines=${4} />`}
    ${data && found.length === 0 && html`<p class="faint">No plan is open on ${day(asked)}.</p>`}
    ${found.length > 0 && html`<p class="faint">As known on the eve of ${day(asked)}, by what became of plans of the same deed.
      ${found.length > MOST && ` The ${MOST} next to end, of ${number(found.length)}.`}${" "}<${Link} href="/agenda?fate=open">The agenda<//></p>
      <${Table} caption="Planned acts" hidden=${true} columns=${columns} rows=${found.slice(0, MOST)} />`}</section>`;
}

// How forecasts that were recorded have done.
function Scorecard() {
  const { data, error, again } = useLoad("/api/forecast/scorecard");
  return html`<section><h2>How well such forecasts have done</h2>
    ${error && html`<${Problem} error=${error} again=${again} />`}
    ${!data && !error && html`<${Loading} what="the scorecard" lines=${5} />`}
    ${data && (data.score ? html`<${Scored} card=${data} />` : html`<p class="faint">${data.open
      ? `${count(data.open, "forecast")} recorded, none of whose days have all passed yet.`
      : html`No forecast is recorded yet. <code>legation forecast dyad … --record</code> keeps forecasts
        as they are issued; here they are scored once their days have passed.`}</p>`)}
  </section>`;
}

const skill = (n) => `${n > 0 ? "+" : n < 0 ? "−" : ""}${Math.abs(n).toFixed(1)}%`;

function Scored({ card: { score, closed, open } }) {
  const columns = [
    { name: "came", label: "Came", cell: ({ came }) => (came ? html`<b>came</b>` : "did not") },
    { name: "probability", label: "Forecast", numeric: true, cell: (row) => chance(row.probability) },
    { name: "who", label: "Who", cell: (row) => html`<bdi>${row.source}</bdi> → <bdi>${row.target}</bdi>` },
    { name: "quad", label: "What", cell: (row) => html`<${Quad} quad=${row.quad} />` },
    { name: "day", label: "Days", cell: (row) => html`<span class="nowrap">${count(row.days, "day")} from ${day(row.day)}</span>` },
    { name: "issued", label: "Issued", cell: (row) => day(row.issued) },
  ];
  return html`<div class="columns">
      <div><p>Of ${count(score.forecasts, "recorded forecast")} whose days have passed, <b>${number(score.happened)}</b> came true; ${number(open)} are still open.</p>
        <dl class="pairs-list">
          <div><dt>Brier score, 0 is perfect</dt><dd>${score.brier.toFixed(4)}</dd></div>
          <div><dt>Logarithmic score, 0 is perfect</dt><dd>${score.log.toFixed(4)}</dd></div>
          <div><dt>Mean distance of forecast and outcome in a bin</dt><dd>${percent(score.calibration_error)}</dd></div>
          ${Object.entries(score.brier_skill).map(([name, value]) => html`<div><dt>Better by Brier score than ${name}</dt><dd>${skill(value)}</dd></div>`)}
        </dl></div>
      <${Figure} height=${260} inputs=${[score]} draw=${(width) => reliability(score.table, Math.min(width, 380))} label=${reliabilityTold(score.table)} />
    </div>
    <details class="twin"><summary>${closed.length > MOST_SCORED ? `The first ${MOST_SCORED} forecasts` : "The forecasts"} one by one</summary>
      <${Table} caption="Recorded forecasts whose days have passed" hidden=${true} columns=${columns} rows=${closed.slice(0, MOST_SCORED)} /></details>`;
}

function Quad({ quad }) {
  const store = useStore();
  return html`<span class="quad quad-${quad}" aria-hidden="true"></span> ${store.quads[quad] ?? quad}`;
}

function reliabilityTold(table) {
  const told = table.map((bin) => `of ${count(bin.forecasts, "forecast")} near ${percent(bin.mean)}, ${percent(bin.share)} came true`);
  return `Reliability: ${told.join("; ")}`;
}
