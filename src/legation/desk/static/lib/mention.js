// What is coded of one mention: who, whom, when, where, according to whom, its codes; and why.

import { codes, deedName, quadName, when } from "./format.js";
import { html } from "./preact.js";
import { ROLES } from "./marks.js";
import { Confidence, Deed, Link, Status, Text, actorLink } from "./ui.js";

export function MentionFacts({ mention, level = 2 }) {
  const { where } = mention;
  return html`<div class="mention-facts">
    <${`h${level}`} class="mention-head"><${Deed} ...${mention} /> <${Status} status=${mention.status} /><//>
    ${mention.corrected.includes("wrong") && html`<p
      class="notice">Marked wrong: it is in no event and in no count. Withdraw the correction below to
      take it back.</p>`}
    ${mention.corrected.length > 0 && html`<p><span
      class="flag flag-corrected">corrected: ${mention.corrected.join(", ")}</span></p>`}
    <dl class="facts">
      <${Fact} role="source" name="Source"><${Actors} actors=${mention.sources} none="not told" /><//>
      <${Fact} role="target" name="Target"><${Actors} actors=${mention.targets} none="not told" /><//>
      <${Fact} role="time"
        name="When">${mention.when ? html`${when(mention.when)}${mention.when.span && html` <${Words}
        text=${mention.when.span.text} />`}` : html`<span class="unknown">no time told</span>`}<//>
      <${Fact} role="place" name="Where">${where ? html`<${Place} where=${where} />` : html`<span
        class="unknown">no place told</span>`}<//>
      <${Fact} role="claimant" name="According to"><${Actors} actors=${mention.claimants}
        none="the report itself" /><//>
      ${mention.killed !== null && html`<${Fact} name="Killed">${mention.killed}<//>`}
      ${mention.injured !== null && html`<${Fact} name="Injured">${mention.injured}<//>`}
      <${Fact} name="Confidence"><${Confidence} value=${mention.confidence} /><//>
      <${Fact} name="Codes"><${Codes} mention=${mention} /><//>
    </dl>
  </div>`;
}

const Fact = ({ name, role, children }) => html`<div><dt>${role ? html`<span
  class="role role-${role}">${name}</span>` : name}</dt><dd>${children}</dd></div>`;

const Words = ({ text }) => html`<q class="words"><${Text} text=${text} /></q>`;

function Actors({ actors, none }) {
  if (!actors.length) return html`<span class="unknown">${none}</span>`;
  return html`<ul>${actors.map((actor) => html`<li><${Link} href=${actorLink(actor)}><${Text}
    text=${actor.name} /><//>${" "}
    <span class="codes" title=${actor.country === "---" ? "country unknown" : undefined}>${codes(actor)}</span>
    ${actor.text !== actor.name && html` <${Words} text=${actor.text} />`}</li>`)}</ul>`;
}

const Place = ({ where }) => html`<${Text} text=${where.name} /> <span class="codes"><${Text}
  text=${[where.admin1, where.country].filter((part) => part && part !== where.name).join(", ")} /></span>
  ${where.span.text !== where.name && html` <${Words} text=${where.span.text} />`}
  ${where.lat !== null && html`<br /><span
    class="codes">${where.lat.toFixed(2)}, ${where.lon.toFixed(2)} · ${where.place_id}</span>`}`;

// The published codes; where a deed of this status has none, that is said.
function Codes({ mention }) {
  if (!mention.plover && !mention.cameo) return html`<span
    class="unknown">none is published for ${deedName(mention.deed)} with the status ${mention.status}</span>`;
  const told = [
    mention.plover && `PLOVER ${mention.plover}`, mention.cameo && `CAMEO ${mention.cameo}`,
    mention.quad && quadName(mention.quad), mention.goldstein !== null && `Goldstein ${mention.goldstein}`,
    mention.contexts.length > 0 && `context ${mention.contexts.join(", ")}`,
  ];
  return told.filter(Boolean).map((words) => html`<span class="code-item">${words}</span> `);
}

// What its codes rest on, as far as a look-up can tell it again: trigger, arcs, rows of tables.
export function Why({ mention }) {
  const { why } = mention;
  return html`<details class="why" open>
    <summary>Why it is coded so</summary>
    <p>The word <${Words} text=${why.trigger} /> is read as ${deedName(mention.deed, mention.modes)}.</p>
    ${why.arcs.length > 0 && html`<ul>${why.arcs.map(({ role, text }) => html`<li>It is joined to <${Words}
      text=${text} /> as <span class="role role-${role}">${ROLES[role] ?? role}</span>.</li>`)}</ul>`}
    ${why.rows.length > 0 && html`<p>Rows of the tables that gave the codes:</p>
      <ul class="why-rows">${why.rows.map(({ table, row }) => html`<li><span class="why-table">${table}</span> <${Row}
        row=${row} /></li>`)}</ul>`}
  </details>`;
}

const Row = ({ row }) => Object.entries(row).filter(([, value]) => value !== null && value !== "")
  .map(([name, value]) => html`<span class="code-item"><span class="faint">${name}</span> <${Text}
    text=${Array.isArray(value) ? value.join(" ") : value} /></span> `);
