// Claims: who says what of whom, who bears it out, and who contradicts it.

import { count, day, interval } from "../lib/format.js";
import { html, useState } from "../lib/preact.js";
import { useLoad } from "../lib/state.js";
import { Link, Loading, Outside, Parties, Party, Problem, Text, eventLink, reportLink } from "../lib/ui.js";
import { DeedName } from "./plans.js";

const STANCE_SIGNS = { affirmed: "✓", denied: "✗", announced: "→", supposed: "?" };

export const Stance = ({ stance }) => html`<span class="stance stance-${stance}"><span aria-hidden="true">${STANCE_SIGNS[stance]}</span> ${stance}</span>`;

// A claim of /api/claims as a row of a list; its sentences are fetched when they are asked for.
export function ClaimRow({ claim, claimant = true }) {
  const [open, setOpen] = useState(false);
  return html`<li class="row claim">
    <span class="row-day">${claim.first ? day(claim.first) : html`<span class="unknown">day unknown</span>`}</span>
    <div class="row-main">
      ${claimant && html`<${Claimant} party=${claim.claimant} />`} <${Stance} stance=${claim.stance} />
      <span class="row-who"><${Link} href=${eventLink(claim.event_id)} data-item="claim"><${DeedName} ...${claim} /><//>
        ${" "}<${Parties} parties=${claim.sources} /> <span class="arrow" aria-label="to">→</span> <${Parties} parties=${claim.targets} />
        ${claim.start && html` <span class="faint nowrap">${interval(claim.start, claim.end)}</span>`}</span>
      <span class="row-note">told by ${claim.told_by.map((name, i) => html`${i > 0 && ", "}<${Teller} name=${name} />`)}
        ${` · ${claim.corroborated ? `borne out by ${count(claim.corroborated, "other publisher")}` : "borne out by no other publisher"}`}
        ${claim.against.length > 0 && html` · held against <${Parties} parties=${claim.against} />`}</span>
      ${claim.contradicted.length > 0 && html`<${Contradictions} claim=${claim} />`}
      <button type="button" class="plain" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Hide" : "Show"} ${count(claim.mentions.length, "sentence")}</button>
      ${open && html`<${Sentences} claim=${claim} />`}
    </div>
  </li>`;
}

export const Claimant = ({ party }) => (party ? html`<${Party} party=${party} />` : html`<span class="unknown">reports in their own voice</span>`);

// A publisher; a report without one stands for itself, by its id.
const Teller = ({ name }) => (/^[0-9a-f]{16}$/.test(name) ? html`<${Link} href=${reportLink(name)}>a report without publisher<//>` : html`<${Text} text=${name} />`);

// The claim and what others say, side by side.
function Contradictions({ claim }) {
  return html`<ul class="contradictions">${claim.contradicted.map((other) => html`<li>
    <span class="contradiction-field">${other.field}</span>
    <span class="contradiction-side"><span class="faint">this claim</span> <b><${Text} text=${other.claimed} /></b></span>
    <span class="contradiction-side contradiction-other"><span class="faint"><${Text} text=${other.says.join(", ") || "others"} />, ${count(other.reports, "report")}</span>
      <b><${Text} text=${other.value} /></b></span>
  </li>`)}</ul>`;
}

function Sentences({ claim }) {
  const { data, error } = useLoad(`/api/events/${encodeURIComponent(claim.event_id)}`);
  if (error) return html`<${Problem} error=${error} />`;
  if (!data) return html`<${Loading} what="sentences" lines=${2} />`;
  const told = data.mentions.filter((mention) => claim.mentions.includes(mention.mention_id));
  return html`<ul class="sentences">${told.map((mention) => html`<li>
    <${Link} href=${reportLink(mention.report_id, mention.mention_id)} class="quote-link"><q dir="auto"><${Text} text=${mention.sentence.text} /></q><//>
    <span class="faint"><${Text} text=${mention.publisher ?? "publisher unknown"} />, ${day(mention.published)}
      ${mention.url && html` · <${Outside} url=${mention.url}>as published<//>`}</span></li>`)}</ul>`;
}
