// What two actors did to each other over time, what is planned, claimed and likely between them.

import { address } from "../lib/api.js";
import { count, day, number, percent } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { setParams, useLoad, useStore } from "../lib/state.js";
import { Choice, Deed, Empty, Link, Loading, Problem, Table, eventLink } from "../lib/ui.js";
import { EventsBehind } from "../parts/behind.js";
import { ClaimRow } from "../parts/claims.js";
import { Bar, QuadLegend } from "../parts/figure.js";
import { fresh } from "../parts/fresh.js";
import { Outlooks } from "../parts/outlooks.js";
import { ActorPick, SinceUntil, actorLabel } from "../parts/pick.js";
import { PlanRow } from "../parts/plans.js";
import { RelationChart, signed } from "../parts/relation_chart.js";
import { binEnd, binName } from "../parts/time.js";

export const title = (params, query) =>
  (query.get("source") && query.get("target") ? `${query.get("source")} and ${query.get("target")}` : "Relation");
export default fresh(Relation);

const BINS = [["day", "Days"], ["week", "Weeks"], ["month", "Months"]];
const HAPPENED = ["actual", "historical"];

function Relation({ query }) {
  const store = useStore();
  const [source, target] = [query.get("source"), query.get("target")];
  const by = query.get("by") ?? "month";
  return html`<div class="page-head"><h1>${source && target
      ? html`<bdi>${actorLabel(source, store)}</bdi> and <bdi>${actorLabel(target, store)}</bdi>` : "Relation of two actors"}</h1></div>
    <div class="controls">
      <${ActorPick} label="One actor" name="source" query=${query} />
      <button type="button" class="swap" aria-label="Swap the two actors" title="Swap the two" disabled=${!source && !target}
        onClick=${() => setParams({ source: target, target: source })}>⇄</button>
      <${ActorPick} label="The other" name="target" query=${query} />
      <${Choice} label="Bins" options=${BINS} value=${by} onPick=${(value) => setParams({ by: value, at: null })} />
      <${SinceUntil} query=${query} />
    </div>
    ${source && target ? html`<${Pair} key=${`${source}|${target}`} one=${source} other=${target} by=${by} query=${query} />` : html`<${Busiest} />`}`;
}

// Pairs to begin with, where no two actors are named yet.
function Busiest() {
  const { data, error } = useLoad("/api/network", { most: 40, status: HAPPENED });
  if (error) return html`<${Problem} error=${error} />`;
  if (!data) return html`<${Loading} what="pairs" />`;
  const pairs = busiest(data);
  if (!pairs.length) return html`<${Empty}><p>No two actors act on each other in this store yet.</p><//>`;
  return html`<p>Name two actors above, or begin with one of the pairs that act most on each other:</p>
    <ul class="pairs">${pairs.map(({ one, other, acts }) => html`<li>
      <${Link} href=${`/relation?${new URLSearchParams({ source: one.id, target: other.id })}`} data-item="pair"><bdi>${one.name}</bdi> and <bdi>${other.name}</bdi><//>
      <span class="faint">${count(acts, "act")}</span></li>`)}</ul>`;
}

function busiest({ nodes, links }) {
  const named = new Map(nodes.map((node) => [node.id, node]));
  const acts = new Map();
  for (const { source, target, cooperation, conflict } of links) {
    if (source === target) continue;
    const key = [source, target].sort().join("\n");
    acts.set(key, (acts.get(key) ?? 0) + cooperation + conflict);
  }
  return [...acts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, 12)
    .map(([key, n]) => ({ one: named.get(key.split("\n")[0]), other: named.get(key.split("\n")[1]), acts: n }));
}

function Pair({ one, other, by, query }) {
  const span = { since: query.get("since"), until: query.get("until") };
  const { data, error, loading, again } = useLoad("/api/relation", { source: one, target: other, by, ...span });
  if (error) return html`<${Problem} error=${error} again=${again} />`;
  if (!data) return html`<${Loading} what="the relation" lines=${14} />`;
  if (!data.bins.length && !data.agenda.length && !data.claims.length) {
    return html`<${Empty}><p>No event that happened is told of these two${span.since || span.until ? " in these days" : ""}.</p>
      <p>An actor is a country (PRK), a country and sectors (PRK GOV), or one of the suggestions. Widen the days, or see
      <${Link} href="/actors">which actors the store knows<//>.</p><//>`;
  }
  const names = [one, other];
  const at = query.get("at");
  return html`<div aria-busy=${loading}>
    ${data.bins.length > 0 && html`<${Summary} relation=${data} names=${names} span=${span} />
      <${RelationChart} bins=${data.bins} by=${data.by} names=${names} at=${at} onPick=${(start) => setParams({ at: start === at ? null : start })} />`}
    ${at && html`<${EventsBehind} heading=${binName(at, data.by)} counted=${data.bins.find((bin) => bin.start === at)?.events} onClose=${() => setParams({ at: null })}
      filters=${{ dyad: `${one},${other}`, status: HAPPENED, since: at, until: binEnd(at, data.by) }} />`}
    <div class="columns">
      <${Notable} notable=${data.notable} names=${names} />
      <${Thirds} third=${data.third_parties} names=${names} by=${data.by} />
    </div>
    <${Planned} plans=${data.agenda} more=${data.more_plans} names=${names} />
    <${Claimed} claims=${data.claims} />
    <${Likely} names=${names} />
  </div>`;
}

// Figures. ----------------------------------------------------------------------------------------------------------

function Summary({ relation, names: [one, other], span }) {
  const sum = (read) => relation.bins.reduce((n, bin) => n + read(bin), 0);
  const quads = [0, 1, 2, 3].map((i) => sum((bin) => bin.quads[i]));
  const [forth, back, both, events] = ["forth", "back", "both", "events"].map((name) => sum((bin) => bin[name]));
  const classed = quads.reduce((n, quad) => n + quad, 0);
  const { share, correlation, opened } = relation.reciprocity;
  const all = address("/", { dyad: `${one},${other}`, status: HAPPENED, ...span });
  const balance = `${one} on ${other} ${forth}, in both directions ${both}, ${other} on ${one} ${back}`;
  return html`<div class="figures">
    <div class="figure-box"><h2>Events</h2>
      <p><${Link} href=${all}><b class="big">${number(events)}</b> that happened on a day told<//></p>
      <${QuadLegend} counts=${quads} />
      ${events > classed && html`<p class="faint">and ${number(events - classed)} of no quad class</p>`}</div>
    <div class="figure-box"><h2>Who acts</h2>
      <${Bar} parts=${[["bar-one", forth], ["bar-both", both], ["bar-other", back]]} label=${balance} />
      <dl class="pairs-list">
        <div><dt><span class="key key-one"></span><bdi>${one}</bdi> on <bdi>${other}</bdi></dt><dd>${number(forth)}</dd></div>
        <div><dt><span class="key key-both"></span>in both directions</dt><dd>${number(both)}</dd></div>
        <div><dt><span class="key key-other"></span><bdi>${other}</bdi> on <bdi>${one}</bdi></dt><dd>${number(back)}</dd></div>
      </dl>
      <p class="faint">${share === null ? "None goes one way only." : html`<bdi>${one}</bdi> begins ${percent(share)} of what goes one way.`}</p></div>
    <div class="figure-box"><h2>Who opens</h2>
      <dl class="pairs-list">
        <div><dt><bdi>${one}</bdi></dt><dd>${number(opened[0])}</dd></div>
        <div><dt>both on one day</dt><dd>${number(opened[2])}</dd></div>
        <div><dt><bdi>${other}</bdi></dt><dd>${number(opened[1])}</dd></div>
      </dl>
      <p class="faint">An exchange opens with an event after a week without any.</p></div>
    <div class="figure-box"><h2>Do they answer in kind?</h2>
      <p><b class="big">${correlation === null ? "unknown" : signed(correlation, 2)}</b></p>
      <p class="faint">${correlation === null
        ? "Too few bins have events in both directions to tell."
        : "Correlation of the intensity forth with that back, over the bins that have both: 1 is in kind, 0 unrelated, −1 the opposite."}</p></div>
  </div>`;
}

const DIRECTIONS = { forth: ([one, other]) => `${one} → ${other}`, back: ([one, other]) => `${other} → ${one}`, both: ([one, other]) => `${one} ↔ ${other}` };

function Notable({ notable, names }) {
  if (!notable.length) return null;
  const columns = [
    { name: "day", label: "Day", cell: (row) => html`<span class="nowrap">${day(row.day)}</span>` },
    { name: "deed", label: "Deed", cell: (row) => html`<${Link} href=${eventLink(row.event_id)} data-item="event"><${Deed} ...${row} /><//>` },
    { name: "direction", label: "Who", cell: (row) => html`<bdi>${DIRECTIONS[row.direction](names)}</bdi>` },
    { name: "goldstein", label: "Intensity", numeric: true, cell: (row) => signed(row.goldstein) },
    { name: "publishers", label: "Publishers", numeric: true },
  ];
  return html`<section><h2>Events that weigh most</h2>
    <p class="faint">By intensity and by how many publishers tell them.</p>
    <${Table} caption="Events that weigh most" hidden=${true} columns=${columns} rows=${notable} /></section>`;
}

function Thirds({ third, names: [one, other], by }) {
  const store = useStore();
  if (!third.length) return null;
  const with_ = (who) => (row) => html`<${Link} href=${`/relation?${new URLSearchParams({ source: who, target: row.country })}`}>
    ${number(row[who === one ? "on_one" : "on_other"])} / ${number(row[who === one ? "of_one" : "of_other"])}<//>`;
  const columns = [
    { name: "country", label: "Country", cell: (row) => html`${store.countries[row.country] ?? row.country} <span class="codes">${row.country}</span>` },
    { name: "one", label: `On / by ${one}`, numeric: true, cell: with_(one) },
    { name: "other", label: `On / by ${other}`, numeric: true, cell: with_(other) },
    { name: "mean", label: "Mean intensity", numeric: true, cell: (row) => (row.mean === null ? html`<span class="unknown">none</span>` : signed(row.mean)) },
  ];
  return html`<section><h2>Who else is drawn in</h2>
    <p class="faint">Acts with either of the two in the ${by}s in which they act on each other: of the country on it / of it on the country.</p>
    <${Table} caption="Who else is drawn in" hidden=${true} columns=${columns} rows=${third} /></section>`;
}

// What is planned, claimed, likely. ---------------------------------------------------------------------------------

const SHOWN = 8;

const Planned = ({ plans, more, names: [one, other] }) => html`<section><h2>Planned between them <span class="day-count">${count(plans.length + more, "plan")}</span></h2>
  ${plans.length === 0 && html`<p class="faint">No report tells of a plan of these two.</p>`}
  <ul class="rows">${plans.slice(-SHOWN).reverse().map((plan) => html`<${PlanRow} key=${plan.event_id} plan=${plan} />`)}</ul>
  ${plans.length > SHOWN && html`<p><${Link} href=${`/agenda?${new URLSearchParams({ actor: one })}`}>The whole agenda of <bdi>${one}</bdi><//>,
    <${Link} href=${`/agenda?${new URLSearchParams({ actor: other })}`}>of <bdi>${other}</bdi><//></p>`}</section>`;

const Claimed = ({ claims }) => html`<section><h2>Claimed of them <span class="day-count">${count(claims.length, "claim")}</span></h2>
  ${claims.length === 0 && html`<p class="faint">No claim, denial or contradiction about these two is told.</p>`}
  <ul class="rows">${claims.slice(0, SHOWN).map((claim) => html`<${ClaimRow} key=${`${claim.event_id} ${claim.stance} ${claim.mentions[0]}`} claim=${claim} />`)}</ul>
  ${claims.length > SHOWN && html`<p class="faint">The ${SHOWN} latest are shown. <${Link} href="/ledger">The whole ledger<//></p>`}</section>`;

function Likely({ names: [one, other] }) {
  return html`<section><h2>What is likely next</h2>
    <div class="columns">
      <${Outlooks} source=${one} target=${other} />
      ${one !== other && html`<${Outlooks} source=${other} target=${one} />`}
    </div>
    <p><${Link} href=${`/forecast?${new URLSearchParams({ source: one, target: other })}`}>Forecast for another day, and how well such forecasts have done<//></p></section>`;
}
