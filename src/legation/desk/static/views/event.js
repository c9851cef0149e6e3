// An event: what all reports together tell of it, how they came in, where they disagree, and each sentence.

import { count, day, deedName, interval, quadName, when } from "../lib/format.js";
import { html, useState } from "../lib/preact.js";
import { MentionFacts } from "../lib/mention.js";
import { useLoad, useTitle } from "../lib/state.js";
import {
  Confidence, Deed, Legend, Link, Loading, Parties, PlaceName, Problem, Quote, Status, Text, reportLink,
} from "../lib/ui.js";
import { Correct } from "../lib/correct.js";

export const title = ({ id }) => `Event ${id}`;

export default function EventView({ params }) {
  const { data: event, error, again } = useLoad(`/api/events/${encodeURIComponent(params.id)}`);
  useTitle(event ? headline(event) : `Event ${params.id}`);
  if (error) return html`<h1>Event</h1><${Problem} error=${error} again=${again} />`;
  if (!event) return html`<h1>Event</h1><${Loading} what="the event" lines=${12} />`;
  return html`<h1 class="event-title"><${Deed} ...${event} /> <${Status} status=${event.status} />
      <span class="event-title-who"><${Parties} parties=${event.sources} /> <span class="arrow"
        aria-label="to">→</span> <${Parties} parties=${event.targets} /></span></h1>
    <div class="event-columns">
      <div>
        ${event.disagreements.length > 0 && html`<${Disagreements} event=${event} />`}
        <${Mentions} event=${event} again=${again} />
      </div>
      <aside aria-label="What all reports together tell">
        <${Consensus} event=${event} />
        ${event.tellings.length > 1 && html`<${Timeline} event=${event} />`}
      </aside>
    </div>`;
}

const names = (parties) => parties.map((party) => party.name).join(", ") || "not told";

const headline = (event) => `${deedName(event.deed, event.modes)}: ${names(event.sources)} → ${names(event.targets)}`;

// What all together tell. -------------------------------------------------------------------------------------------

function Consensus({ event }) {
  const fact = (name, value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<section aria-labelledby="consensus"><h2 id="consensus">Consensus</h2><dl class="facts">
    ${fact("When", when(event))}
    ${fact("Where", html`<${PlaceName} where=${event.where} />`)}
    ${fact("According to", html`<${Parties} parties=${event.claimants} none="the reports themselves" />`)}
    ${event.killed !== null && fact("Killed", event.killed)}
    ${event.injured !== null && fact("Injured", event.injured)}
    ${fact("Told by", html`${count(event.reports, "report")} of ${count(event.publishers, "independent publisher")}`)}
    ${fact("Reported", interval(event.first_reported, event.last_reported))}
    ${fact("Confidence", html`<${Confidence} value=${event.confidence} />`)}
    ${fact("Codes", event.plover || event.cameo
    ? codesOf(event).map((words) => html`<span class="code-item">${words}</span> `)
    : html`<span class="unknown">none is published for this deed and status</span>`)}
    ${event.origin !== "reports" && fact("Origin", html`<${Text} text=${event.origin} />`)}
    ${fact("Id", html`<code>${event.event_id}</code>`)}
  </dl></section>`;
}

const codesOf = ({ plover, cameo, quad, goldstein }) => [
  plover && `PLOVER ${plover}`, cameo && `CAMEO ${cameo}`, quad && quadName(quad),
  goldstein !== null && `Goldstein ${goldstein}`,
].filter(Boolean);

// Reports in the order of their publication, day by day.
function Timeline({ event }) {
  const reports = [...Map.groupBy(event.tellings, (telling) => telling.report_id).values()];
  reports.sort(([a], [b]) => (a.published ?? "").localeCompare(b.published ?? ""));
  const days = Map.groupBy(reports, ([telling]) => telling.published);
  return html`<section aria-labelledby="timeline"><h2 id="timeline">Reports in time</h2><ol class="timeline">
    ${[...days].map(([published, told]) => html`<li><span
      class="timeline-day">${published ? day(published) : "day unknown"}</span>
      <ul>${told.map((tellings) => html`<${Told} tellings=${tellings} />`)}</ul></li>`)}
  </ol></section>`;
}

// One report: its publisher, each status that it tells, and whether it repeats another.
function Told({ tellings: [first, ...more] }) {
  const statuses = [...new Set([first, ...more].map((telling) => telling.status))];
  return html`<li><${Link} href=${reportLink(first.report_id, first.mention_id)}><${Text}
    text=${first.publisher ?? `report ${first.report_id}`} /><//>
    ${statuses.map((status) => html` <${Status} status=${status} />`)}
    ${more.length > 0 && html` <span class="faint">${count(more.length + 1, "sentence")}</span>`}
    ${first.copy_of && html` <span class="faint">copy of <${Text} text=${first.copy_of} /></span>`}</li>`;
}

// Where they disagree. ----------------------------------------------------------------------------------------------

const FIELD_NAMES = {
  status: "whether it happened", when: "when", where: "where", source: "who did it", target: "to whom",
  killed: "how many were killed", injured: "how many were injured",
};

function Disagreements({ event }) {
  const known = new Map(event.mentions.map((mention) => [mention.mention_id, mention]));
  return html`<section aria-labelledby="disagreements"><h2 id="disagreements">What the reports disagree on</h2>
    ${event.disagreements.map(({ field, versions }) => html`<h3>${FIELD_NAMES[field] ?? html`how many <${Text}
      text=${field} />`}</h3>
      <div class="versions">${versions.map((version) => html`<div class="version">
        <p class="version-value"><${Text} text=${version.value} /></p>
        <p class="faint">${count(version.reports, "report")}${version.says.length > 0 && html` · says <${Text}
          text=${version.says.join("; ")} />`}${version.first && html` · first ${day(version.first)}`}</p>
        ${version.mentions.map((id) => known.get(id)).filter(Boolean).map((mention) => html`<p
          class="version-quote"><${Sentence} mention=${mention} /></p>`)}
      </div>`)}</div>`)}
  </section>`;
}

// Its sentences. ----------------------------------------------------------------------------------------------------

// A mention in the form of an EventRow's quote: offsets within its sentence.
export function quoteOf(mention) {
  const from = mention.sentence.start;
  const roles = [["source", mention.sources], ["target", mention.targets], ["claimant", mention.claimants],
    ["time", mention.when?.span ? [mention.when.span] : []], ["place", mention.where ? [mention.where.span] : []]];
  const spans = roles.flatMap(([role, found]) => found.map((span) => ({
    role, start: span.start - from, end: span.end - from,
  })));
  const length = mention.sentence.end - from;
  return {
    text: mention.sentence.text, trigger: [mention.trigger.start - from, mention.trigger.end - from],
    spans: spans.filter(({ start, end }) => start >= 0 && end <= length), // not what an earlier one names
  };
}

const Sentence = ({ mention }) => html`<${Link} class="quote-link"
  href=${reportLink(mention.report_id, mention.mention_id)}>
  <span class="publisher"><${Text}
    text=${mention.publisher ?? "publisher unknown"} />${mention.published && `, ${day(mention.published)}`}</span>
  ${" "}<${Quote} quote=${quoteOf(mention)} /><//>`;

function Mentions({ event, again }) {
  const n = event.mentions.length;
  if (!event.mentions.length) return html`<section><h2>Sentences</h2><p
    class="empty">This event was imported from <${Text}
    text=${event.origin} />, which keeps no sentences.</p></section>`;
  return html`<section aria-labelledby="sentences"><h2
    id="sentences">${n === 1 ? "The sentence that tells it" : `The ${n} sentences that tell it`}</h2>
    <${Legend} />
    <ol class="mentions">${event.mentions.map((mention) => html`<${MentionItem} key=${mention.mention_id}
      mention=${mention} again=${again} />`)}</ol>
  </section>`;
}

function MentionItem({ mention, again }) {
  const [open, setOpen] = useState(false);
  return html`<li class="mention">
    <p class="mention-source"><${Link} data-item="mention" href=${reportLink(mention.report_id, mention.mention_id)}>
      <${Text} text=${mention.publisher ?? "publisher unknown"} />
      ${mention.published && `, ${day(mention.published)}`}<//>
      ${mention.title && html` <span class="faint"><${Text} text=${mention.title} /></span>`}</p>
    <p class="labelled-line"><${Quote} quote=${quoteOf(mention)} labels=${true} /></p>
    <p class="mention-line"><${Deed} ...${mention} /> <${Status} status=${mention.status} />
      ${mention.corrected.length > 0 && html` <span
        class="flag flag-corrected">corrected: ${mention.corrected.join(", ")}</span>`}
      <button type="button" class="plain" aria-expanded=${open}
        onClick=${() => setOpen(!open)}>${open ? "Less" : "Codes and corrections"}</button></p>
    ${open && html`<div class="mention-more"><${MentionFacts} mention=${mention} level=${3} /><${Correct}
      mention=${mention} onChange=${again} /></div>`}
  </li>`;
}
