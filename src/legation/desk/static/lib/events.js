// Events as rows of a list, by day, each with the sentence that tells it.

import { count, day, weekday, when } from "./format.js";
import { html } from "./preact.js";
import { Quote } from "./marks.js";
import { Confidence, Deed, Link, Parties, PlaceName, Status, Text, eventLink, reportLink } from "./ui.js";

// One EventRow of the API. The link that j and k move to is the deed.
export function EventRow({ event }) {
  return html`<li class="event">
    <span class="event-deed"><${Link} href=${eventLink(event.event_id)} data-item="event"><${Deed}
      ...${event} /><//> <${Status} status=${event.status} /></span>
    <span class="event-who"><span class="event-sides">
      <${Parties} parties=${event.sources} /> <span class="arrow" aria-label="to">→</span> <${Parties}
        parties=${event.targets} /></span></span>
    <span class="event-when">${when(event)}</span>
    <span class="event-where"><${PlaceName} where=${event.where} /></span>
    <span class="event-told"><${Told} event=${event} /></span>
    <span class="event-sure"><${Confidence} value=${event.confidence} /></span>
    <${Telling} event=${event} />
  </li>`;
}

function Told({ event }) {
  return html`${count(event.reports, "report")}
    ${event.publishers > 1 && ` · ${count(event.publishers, "publisher")}`}
    ${event.disagreements.length > 0 && html` <span class="flag">disagree on ${event.disagreements.join(", ")}</span>`}
    ${event.corrected && html` <span class="flag flag-corrected">corrected</span>`}`;
}

// The sentence, linked to its place in the report; an imported event has none and says where it is from.
function Telling({ event }) {
  const { quote } = event;
  if (!quote) return html`<span class="event-quote unknown">imported from <${Text}
    text=${event.origin} />: no sentence is kept</span>`;
  return html`<span class="event-quote"><${Link} href=${reportLink(quote.report_id, quote.mention_id)}
    class="quote-link">
    <span class="publisher"><${Text} text=${quote.publisher ?? "publisher unknown"} /></span> <${Quote}
      quote=${quote} /><//></span>`;
}

// A list of EventRows under a heading for each day where `byDay`; else in the order given.
export function EventList({ events, byDay = true, level = 2 }) {
  if (!byDay) return html`<ol class="events">${events.map((event) => html`<${EventRow} key=${event.event_id}
    event=${event} />`)}</ol>`;
  return html`<div class="days-list">${groups(events).map(([start, rows]) => html`<section key=${start} class="day">
    <${Heading} level=${level}>${headOf(start, rows)} <span class="day-count">${count(rows.length, "event")}</span><//>
    <ol class="events">${rows.map((event) => html`<${EventRow} key=${event.event_id} event=${event} />`)}</ol>
  </section>`)}</div>`;
}

// Where nothing in the group is of one day alone, the day is only the first of a longer time.
function headOf(start, rows) {
  if (!start) return "No day told";
  const exact = rows.some((event) => event.basis !== "stated" || event.start === event.end);
  return exact ? weekday(start) : `From ${day(start)} on`;
}

const Heading = ({ level, children }) => html`<${`h${level}`} class="day-head">${children}<//>`;

function groups(events) {
  const found = [];
  for (const event of events) {
    const last = found.at(-1);
    if (last && last[0] === (event.day ?? null)) last[1].push(event);
    else found.push([event.day ?? null, [event]]);
  }
  return found;
}
