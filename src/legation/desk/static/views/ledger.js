// The ledger of claims: who says what of whom, who bears it out, and who contradicts it.

import { count } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { usePages } from "../lib/pages.js";
import { setParams, useStore } from "../lib/state.js";
import { Choice, Empty, Link, Loading, Problem } from "../lib/ui.js";
import { More } from "../parts/behind.js";
import { ClaimRow, Claimant } from "../parts/claims.js";
import { fresh } from "../parts/fresh.js";
import { ActorPick, SinceUntil, actorLabel } from "../parts/pick.js";

export const title = () => "Ledger";
export default fresh(Ledger);

function Ledger({ query }) {
  const given = Object.fromEntries(["actor", "claimant", "disputed", "since", "until"].map((name) => [name, query.get(name)]).filter(([, value]) => value));
  const list = usePages("/api/claims", given, "claims");
  const grouped = query.get("group") === "claimant";
  return html`<div class="page-head"><h1>Ledger of claims</h1>
      <p class="faint">Deeds that somebody claims, denies or contradicts.</p></div>
    <div class="controls">
      <${ActorPick} label="About an actor" name="actor" query=${query} />
      <${ActorPick} label="Claimed by" name="claimant" query=${query} />
      <${SinceUntil} query=${query} />
      <${Choice} label="Which claims" options=${[["", "All"], ["true", "Contradicted"]]} value=${query.get("disputed") ?? ""} onPick=${(disputed) => setParams({ disputed })} />
      <${Choice} label="Order" options=${[["", "Latest reported"], ["claimant", "By claimant"]]} value=${query.get("group") ?? ""} onPick=${(group) => setParams({ group })} />
    </div>
    <div class="list-head"><p class="list-count" aria-live="polite">${list.rows && (list.loading ? "counting…" : counted(list))}</p></div>
    ${list.error && html`<${Problem} error=${list.error} again=${list.again} />`}
    <div aria-busy=${list.loading}>
      ${!list.rows && !list.error && html`<${Loading} what="claims" lines=${14} />`}
      ${list.rows?.length === 0 && !list.loading && html`<${Nothing} disputed=${query.get("disputed")} />`}
      ${list.rows?.length > 0 && (grouped ? html`<${ByClaimant} list=${list} />` : html`<${Rows} claims=${list.rows} claimant=${true} />`)}
    </div>
    <${More} list=${list} noun="claim" />`;
}

const counted = ({ rows, total }) => (total === null ? `${count(rows.length, "claim")}, and more` : count(total, "claim"));

const Nothing = ({ disputed }) => html`<${Empty}><p>No claim passes.</p><p>${disputed ? "Nobody contradicts what is told here: see all claims, " : "Take out an actor or widen the days, "}
  or <${Link} href="/">see the events<//>.</p><//>`;

const Rows = ({ claims, claimant }) => html`<ul class="rows">
  ${claims.map((claim) => html`<${ClaimRow} key=${[claim.event_id, claim.stance, claim.mentions[0]].join(" ")} claim=${claim} claimant=${claimant} />`)}</ul>`;

// The claims that are loaded, those of the same claimant together; the claimants with the most come first.
function ByClaimant({ list }) {
  const store = useStore();
  const groups = new Map();
  for (const claim of list.rows) {
    const key = keyOf(claim.claimant);
    groups.set(key, [...(groups.get(key) ?? []), claim]);
  }
  return html`${list.next && html`<p class="faint">Grouped are the ${count(list.rows.length, "claim")} loaded so far; Show more loads further ones.</p>`}
    ${[...groups].sort(([, a], [, b]) => b.length - a.length).map(([key, claims]) => html`<section key=${key}>
      <h2>${isCode(key) ? actorLabel(key.replaceAll("-", " "), store) : html`<${Claimant} party=${claims[0].claimant} />`}
        ${" "}<span class="day-count">${count(claims.length, "claim")}</span></h2>
      <${Rows} claims=${claims} claimant=${isCode(key)} /></section>`)}`;
}

// What is the same for all that one actor claims; "" for reports in their own voice.
const keyOf = (party) => (party ? party.actor_id ?? `${party.name} ${party.country} ${party.sectors}` : "");

// Whether it is a whole government or the like ("USA-GOV"), which its members speak for under many names.
const isCode = (key) => /^[A-Z]{3}(-[A-Z]{3})*$/.test(key);
