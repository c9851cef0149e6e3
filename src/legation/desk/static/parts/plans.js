// Plans: what is announced, and what became of it.

import { count, day, deedName, interval } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { Link, Parties, eventLink } from "../lib/ui.js";

export const FATES = ["open", "confirmed", "cancelled", "overdue"];
const FATE_WORDS = {
  confirmed: "told to have taken place", cancelled: "told not to take place", overdue: "its days have passed and nothing is told", open: "not decided yet",
};

export const Fate = ({ fate }) => html`<span class="fate fate-${fate}" title=${FATE_WORDS[fate]}>${fate}</span>`;

// A deed without its quad class, where what is told of it has none.
export const DeedName = ({ deed, modes }) => html`<span class="deed">${deedName(deed, modes)}</span>`;

export const planWindow = (plan) => (plan.start ? interval(plan.start, plan.end) : "no day told");

// One plan of /api/agenda as a row of a list.
export function PlanRow({ plan }) {
  return html`<li class="row plan">
    <span class="row-day">${plan.start ? planWindow(plan) : html`<span class="unknown">no day told</span>`}</span>
    <span class="row-main">
      <${Link} href=${eventLink(plan.event_id)} data-item="plan"><${DeedName} ...${plan} /><//> <${Fate} fate=${plan.fate} />
      <span class="row-who"><${Parties} parties=${plan.sources} /> <span class="arrow" aria-label="to">→</span> <${Parties} parties=${plan.targets} /></span>
      <span class="row-note">announced by <${Parties} parties=${plan.announcers} none="nobody named" />${told(plan)}</span>
    </span>
  </li>`;
}

function told({ first_announced: first, last_announced: last, announced, publishers, decided }) {
  const days = first ? ` ${first === last ? `on ${day(first)}` : `from ${day(first)} to ${day(last)}`}` : "";
  return `${days} · ${count(announced, "text")} of ${count(publishers, "publisher")}${decided ? ` · decided ${day(decided)}` : ""}`;
}
