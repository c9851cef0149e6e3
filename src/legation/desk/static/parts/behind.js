// What stands behind a figure: the events that it counts.

import { address } from "../lib/api.js";
import { count, number } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { usePages } from "../lib/pages.js";
import { Empty, EventList, Link, Loading, Problem } from "../lib/ui.js";

// The events that pass `filters` (an object or URLSearchParams of the filters that all views share), by day, under
// `heading`. A link leads to the same list under Today; `onClose`, where given, takes the list away again. `counted` is how many
// events begin in the days of the filters, where a figure said so: the filters also pass what began before and goes on.
export function EventsBehind({ filters, heading, counted, onClose, level = 2 }) {
  const query = new URLSearchParams(address("", filters).slice(1));
  const list = usePages("/api/events", query, "events");
  return html`<section class="behind" aria-label=${heading}>
    <header class="behind-head">
      <${`h${level}`}>${heading} ${list.total !== undefined && html`<span class="day-count">${countOf(list.total, counted)}</span>`}<//>
      <${Link} href=${address("/", query)} class="plain-link">Open in Today<//>
      ${onClose && html`<button type="button" class="plain" onClick=${onClose}>Close</button>`}
    </header>
    ${list.error && html`<${Problem} error=${list.error} again=${list.again} />`}
    ${!list.rows && !list.error && html`<${Loading} what="events" lines=${6} />`}
    ${list.rows?.length === 0 && !list.loading && html`<${Empty}><p>No event passes these filters.</p><//>`}
    ${list.rows?.length > 0 && html`<${EventList} events=${list.rows} level=${level + 1} />`}
    <${More} list=${list} noun="event" />
  </section>`;
}

const countOf = (total, counted) => (counted !== undefined && total > counted
  ? `${count(counted, "event")}, and ${number(total - counted)} that began before and went on` : count(total, "event"));

// The button that loads the next page of a list (see lib/pages.js), and how far it is.
export const More = ({ list, noun }) => list.next && html`<p class="more">
  <button type="button" disabled=${list.busy} onClick=${list.more}>${list.busy ? "Loading…" : "Show more"}</button>
  <span class="faint">${number(list.rows.length)}${list.total === null || list.total === undefined ? ` ${noun}s so far` : ` of ${count(list.total, noun)}`}</span></p>`;
