// The strip of counts over time for the filters of the address, with what lies outside of it told at its ends.

import { QUADS, count, day } from "./format.js";
import { html } from "./preact.js";
import { setParams, useLoad, useQuery } from "./state.js";
import { Days } from "./days.js";
import { filtersOf } from "./filters.js";
import { Problem } from "./ui.js";

const MOST_EVENTS = 0.9; // the share of the events that the strip must hold where the others lie far apart
const MOST_DAYS = 130;
const MOST_WEEKS = 130;

export function Strip() {
  const [query] = useQuery();
  const filters = filtersOf(query, ["since", "until"]);
  const [since, until] = [query.get("since"), query.get("until")];
  const months = useLoad("/api/days", withBin(filters, "month"));
  const shown = months.data && core(months.data.bins, since, until);
  const fine = shown && shown.by !== "month";
  const closer = useLoad(fine ? "/api/days" : null, fine ? within(withBin(filters, shown.by), shown) : undefined);
  if (months.error ?? closer.error) return html`<${Problem} error=${months.error ?? closer.error} />`;
  const bins = shown ? filled(fine ? (closer.data?.bins ?? []) : months.data.bins, shown) : [];
  return html`<div class="strip" aria-busy=${months.loading || closer.loading}>
    <${Days} bins=${bins} since=${since} until=${until} onPick=${setParams} />
    <p class="strip-foot">
      ${shown?.before > 0 && html`<button type="button" class="plain"
        onClick=${() => setParams({ since: null, until: dayBefore(shown.start) })}>
        ${count(shown.before, "event")} before ${day(shown.start)}</button>`}
      <${QuadKey} />
      ${(since || until) && html`<button type="button" class="plain"
        onClick=${() => setParams({ since: null, until: null })}>All days</button>`}
      ${shown?.after > 0 && html`<button type="button" class="plain strip-after"
        onClick=${() => setParams({ since: dayAfter(shown.end), until: null })}>
        ${count(shown.after, "event")} after ${day(shown.end)}</button>`}
    </p>
  </div>`;
}

// What the colours of the bars mean.
const QuadKey = () => html`<span class="quad-key">${Object.entries(QUADS).map(([quad, name]) => html`<span><span
  class="quad quad-${quad}"></span>${name}</span>`)}
  <span><span class="quad quad-0"></span>no class</span></span>`;

function withBin(filters, by) {
  const query = new URLSearchParams(filters);
  query.set("by", by);
  return query;
}

function within(query, { start, end }) {
  query.set("since", start);
  query.set("until", end);
  return query;
}

const total = (bin) => bin.quads.reduce((sum, n) => sum + n, bin.none);

// { start, end, by, before, after }: the months that the strip shows, and how many events lie before and after them.
// All months; but where MOST_EVENTS of the events lie in less than half of that time, only those and the chosen days.
function core(months, since, until) {
  const bins = months.filter((bin) => total(bin) > 0);
  if (!bins.length) return null;
  let [first, last] = densest(bins);
  if (span(bins[first], bins[last]) > span(bins[0], bins.at(-1)) / 2) [first, last] = [0, bins.length - 1];
  while (first > 0 && since && since < bins[first].start) first--;
  while (last < bins.length - 1 && until && until > bins[last].end) last++;
  const days = span(bins[first], bins[last]);
  const sum = (some) => some.reduce((n, bin) => n + total(bin), 0);
  return {
    start: bins[first].start, end: bins[last].end, before: sum(bins.slice(0, first)), after: sum(bins.slice(last + 1)),
    by: days <= MOST_DAYS ? "day" : days <= MOST_WEEKS * 7 ? "week" : "month",
  };
}

const span = (one, other) => (Date.parse(other.end) - Date.parse(one.start)) / 864e5 + 1;

// First and last index of the shortest run of bins that holds MOST_EVENTS of the events.
function densest(bins) {
  const enough = bins.reduce((n, bin) => n + total(bin), 0) * MOST_EVENTS;
  let best = [0, bins.length - 1];
  let [first, inside] = [0, 0];
  bins.forEach((bin, last) => {
    inside += total(bin);
    while (inside - total(bins[first]) >= enough) inside -= total(bins[first++]);
    if (inside >= enough && span(bins[first], bin) < span(bins[best[0]], bins[best[1]])) best = [first, last];
  });
  return best;
}

// Bins without a gap over the shown days, those of no event with zeros.
function filled(bins, { start, end, by }) {
  const known = new Map(bins.map((bin) => [bin.start, bin]));
  const inside = bins.filter((bin) => bin.end >= start && bin.start <= end);
  const found = [];
  for (let at = inside[0]?.start ?? start; at <= end;) {
    const last = endOf(at, by);
    found.push(known.get(at) ?? { start: at, end: last, quads: [0, 0, 0, 0], none: 0 });
    at = dayAfter(last);
  }
  return found;
}

function endOf(start, by) {
  if (by === "day") return start;
  const date = new Date(`${start}T00:00:00Z`);
  if (by === "week") date.setUTCDate(date.getUTCDate() + 6);
  else {
    date.setUTCMonth(date.getUTCMonth() + 1);
    date.setUTCDate(date.getUTCDate() - 1);
  }
  return date.toISOString().slice(0, 10);
}

const shifted = (iso, days) => new Date(Date.parse(`${iso}T00:00:00Z`) + days * 864e5).toISOString().slice(0, 10);
const dayAfter = (iso) => shifted(iso, 1);
const dayBefore = (iso) => shifted(iso, -1);
