// What is planned, in a calendar and as a list, with what became of it and how often announcers are right.

import { count, day, deedName, number, percent } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { setParams, useLoad } from "../lib/state.js";
import { plain } from "../lib/text.js";
import { Choice, Empty, Link, Loading, Party, Problem, Table, eventLink } from "../lib/ui.js";
import { fresh } from "../parts/fresh.js";
import { ActorPick } from "../parts/pick.js";
import { FATES, PlanRow, planWindow } from "../parts/plans.js";
import { daysBetween, later, monthAfter, monthName, weeksOf } from "../parts/time.js";

export const title = () => "Agenda";
export default fresh(Agenda);

const SHORT = 7; // days: a longer window is told beside the calendar, not in each of its days
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

function Agenda({ query }) {
  const [actor, fate, asof] = ["actor", "fate", "asof"].map((name) => query.get(name));
  const { data, error, again, loading } = useLoad("/api/agenda", { actor, fate, asof });
  return html`<div class="page-head"><h1>Agenda</h1>
      <p class="faint">${data && `${count(data.plans.length, "plan")}${farther(data)}, as known on ${day(data.asof)}`}</p></div>
    <div class="controls">
      <${ActorPick} label="Source or target" name="actor" query=${query} />
      <${Choice} label="Fate" options=${[["", "All"], ...FATES.map((name) => [name, capital(name)])]} value=${fate ?? ""} onPick=${(value) => setParams({ fate: value })} />
    </div>
    ${error && html`<${Problem} error=${error} again=${again} />`}
    ${!data && !error && html`<${Loading} what="the agenda" lines=${14} />`}
    ${data && html`<div aria-busy=${loading}>
      ${data.plans.length ? html`<${Calendar} plans=${data.plans} month=${monthShown(query, data)} />` : html`<${Nothing} />`}
      ${data.rates.length > 0 && html`<${Rates} rates=${data.rates} />`}</div>`}`;
}

const farther = ({ plans, left_out }) => (left_out ? ` nearest to that day, of ${number(plans.length + left_out)}` : "");
const capital = (word) => word[0].toUpperCase() + word.slice(1);

const Nothing = () => html`<${Empty}><p>No plan passes. Plans are events that a report tells as future: take out the actor or the fate, or
  <${Link} href="/?status=future">see the future events<//>.</p><//>`;

// The month asked for; else the last one, up to that of the day as of which it is known, for which anything is planned.
function monthShown(query, { plans, asof }) {
  const asked = query.get("month");
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(asked ?? "")) return `${asked}-01`;
  const months = plans.filter((plan) => plan.start && isShort(plan)).map((plan) => monthAfter(plan.start)).sort();
  const now = asof ? monthAfter(asof) : null;
  return months.findLast((month) => !now || month <= now) ?? months[0] ?? now ?? monthAfter(new Date().toISOString().slice(0, 10));
}

const isShort = (plan) => daysBetween(plan.start, plan.end) < SHORT;
const touches = (plan, first, last) => plan.start && plan.start <= last && plan.end >= first;

// Plans of a month: in days those whose window is short, beside it those of longer ones, below those without any.
function Calendar({ plans, month }) {
  const last = later(monthAfter(month, 1), -1);
  const weeks = weeksOf(month);
  const within = plans.filter((plan) => touches(plan, month, last));
  const vague = within.filter((plan) => !isShort(plan));
  const dateless = plans.filter((plan) => !plan.start);
  const to = (months) => () => setParams({ month: monthAfter(month, months).slice(0, 7) });
  return html`<section aria-label="Calendar">
    <header class="month-head">
      <button type="button" aria-label="Month before" onClick=${to(-1)}>‹</button>
      <h2 aria-live="polite">${monthName(month)} <span class="day-count">${count(within.length, "plan")}</span></h2>
      <button type="button" aria-label="Month after" onClick=${to(1)}>›</button>
      <${Months} plans=${plans} month=${month} />
    </header>
    <div class="month-columns"><div class="month" role="list" aria-label=${monthName(month)}>
      ${WEEKDAYS.map((name) => html`<span class="month-weekday" aria-hidden="true">${name.slice(0, 3)}</span>`)}
      ${weeks.flat().map((at) => html`<${Day} key=${at} at=${at} first=${weeks[0][0]} outside=${at < month || at > last}
        plans=${plans.filter((plan) => touches(plan, at, at) && isShort(plan))} />`)}
    </div>
    ${vague.length > 0 && html`<section class="vague"><h3>Some time in ${monthName(month)}</h3>
      <ul class="rows">${vague.map((plan) => html`<${PlanRow} key=${plan.event_id} plan=${plan} />`)}</ul></section>`}</div>
    <${Listed} heading=${`In ${monthName(month)}, in full`} plans=${within.filter(isShort)} />
    ${dateless.length > 0 && html`<details class="twin" open=${!within.length}><summary>${count(dateless.length, "plan")} without a day</summary>
      <ul class="rows">${dateless.map((plan) => html`<${PlanRow} key=${plan.event_id} plan=${plan} />`)}</ul></details>`}
  </section>`;
}

const MOST_IN_A_DAY = 4;

// A day of the calendar: what begins on it, and what goes on from a day before, more quietly.
function Day({ at, first, outside, plans }) {
  const begins = (plan) => plan.start === at || at === first;
  const ordered = [...plans.filter(begins), ...plans.filter((plan) => !begins(plan))];
  const rest = ordered.slice(MOST_IN_A_DAY);
  const look = `month-day ${outside ? "month-outside" : ""} ${plans.some(begins) ? "" : "free"}`;
  return html`<div role="listitem" class=${look} aria-label=${`${day(at)}: ${count(plans.length, "plan")}`}>
    <span class="month-date" aria-hidden="true"><span class="month-number">${Number(at.slice(8))}</span><span class="month-full">${day(at)}</span></span>
    ${ordered.slice(0, MOST_IN_A_DAY).map((plan) => html`<${DayPlan} key=${plan.event_id} plan=${plan} begins=${begins(plan)} />`)}
    ${rest.length > 0 && html`<span class="faint">and ${rest.length} more, below</span>`}
  </div>`;
}

function DayPlan({ plan, begins }) {
  const words = `${plan.fate}: ${deedName(plan.deed, plan.modes)}, ${names(plan.sources)} to ${names(plan.targets)}, ${planWindow(plan)}`;
  return html`<${Link} href=${eventLink(plan.event_id)} class=${`month-plan fate-${plan.fate} ${begins ? "" : "goes-on"}`} data-item="plan" title=${words}>
    <b>${deedName(plan.deed, plan.modes)}</b> <bdi>${names(plan.sources)}</bdi>${plan.targets.length > 0 && html` → <bdi>${names(plan.targets)}</bdi>`}
    ${begins && plan.end !== plan.start && html`<span class="month-until">${planWindow(plan)}</span>`}<span class="visually-hidden">, ${plan.fate}</span><//>`;
}

// Actors in a word each: their countries, or their names where no country is known.
function names(parties) {
  const short = new Set(parties.map((party) => (party.country === "---" ? plain(party.name) : party.country)));
  return [...short].join(", ") || "nobody told";
}

// The months with plans, to go to at once.
function Months({ plans, month }) {
  const months = [...new Set([...plans.filter((plan) => plan.start && isShort(plan)).map((plan) => monthAfter(plan.start)), month])].sort();
  const within = (at) => plans.filter((plan) => touches(plan, at, later(monthAfter(at, 1), -1))).length;
  return html`<label class="month-pick"><span class="visually-hidden">Go to a month</span>
    <select value=${month} onChange=${(event) => setParams({ month: event.target.value.slice(0, 7) })}>
    ${months.map((at) => html`<option value=${at} selected=${at === month}>${monthName(at)} (${within(at)})</option>`)}</select></label>`;
}

const Listed = ({ heading, plans }) => plans.length > 0 && html`<section><h3>${heading} <span class="day-count">${count(plans.length, "plan")}</span></h3>
  <ul class="rows">${plans.map((plan) => html`<${PlanRow} key=${plan.event_id} plan=${plan} />`)}</ul></section>`;

const MOST_RATES = 30;

function Rates({ rates }) {
  const columns = [
    { name: "announcer", label: "Announcer", cell: (rate) => html`<${Party} party=${rate.announcer} />` },
    { name: "plans", label: "Plans", numeric: true },
    ...["confirmed", "cancelled", "overdue", "open"].map((name) => ({ name, label: capital(name), numeric: true })),
    { name: "rate", label: "Came true", numeric: true, cell: (rate) => (rate.rate === null ? html`<span class="unknown">none decided</span>` : percent(rate.rate)) },
  ];
  return html`<section><h2>How often they are right</h2>
    <p class="faint">Of the plans that are decided, the share that reports tell to have taken place.
      ${rates.length > MOST_RATES && ` The ${MOST_RATES} with the most plans, of ${number(rates.length)}.`}</p>
    <${Table} caption="What became of the plans of each announcer" hidden=${true} columns=${columns} rows=${rates.slice(0, MOST_RATES)} /></section>`;
}
