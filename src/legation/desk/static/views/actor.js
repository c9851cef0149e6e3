// One actor: who it is, the names it goes by, with whom it acts, and when.

import { count, number } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { setParams, useLoad, useStore, useTitle } from "../lib/state.js";
import { plain } from "../lib/text.js";
import { Empty, Link, Loading, Problem, Table, Text } from "../lib/ui.js";
import { EventsBehind } from "../parts/behind.js";
import { fresh } from "../parts/fresh.js";
import { Months } from "../parts/months.js";
import { signed } from "../parts/relation_chart.js";
import { binEnd, monthName } from "../parts/time.js";

export const title = (params, query) => query.get("id") ?? "Actor";
export default fresh(Actor);

function Actor({ query }) {
  const id = query.get("id");
  if (!id) return html`<h1>Actor</h1><${Empty}><p>No actor is named. <${Link} href="/actors">Choose one<//>.</p><//>`;
  return html`<${Profile} key=${id} id=${id} at=${query.get("at")} />`;
}

function Profile({ id, at }) {
  const store = useStore();
  const { data, error, again } = useLoad("/api/actor", { id });
  useTitle(plain(data?.known.name ?? id));
  if (error) return html`<h1><${Text} text=${id} /></h1><${Problem} error=${error} again=${again} /><p><${Link} href="/actors">See which actors the store knows<//></p>`;
  if (!data) return html`<${Loading} what="the actor" lines=${14} />`;
  const { known, aliases, partners, months } = data;
  const link = (path, params) => `${path}?${new URLSearchParams(params)}`;
  return html`<div class="page-head"><h1><${Text} text=${known.name} /></h1>
      <p class="faint">${known.country === "---" ? "country unknown" : store.countries[known.country] ?? known.country}
        ${" "}<span class="codes">${[known.country, ...known.sectors].join(" ")}</span>${known.actor_id && html` · <code><${Text} text=${known.actor_id} /></code>`}
        ${` · ${count(known.told, "telling")}`}</p></div>
    <p class="links"><${Link} href=${link("/", { actor: id })}>Events<//> <${Link} href=${link("/agenda", { actor: id })}>Agenda<//>
      <${Link} href=${link("/ledger", { actor: id })}>Claims about it<//> <${Link} href=${link("/ledger", { claimant: id })}>Claims by it<//>
      <${Link} href=${link("/network", { actor: id })}>Network<//> <${Link} href=${link("/map", { actor: id })}>Map<//> 
      <${Link} href=${link("/forecast", { source: id })}>Forecast<//></p>
    ${months.length > 0 ? html`<${Months} months=${months} at=${at} onPick=${(start) => setParams({ at: start === at ? null : start })} />`
      : html`<p class="faint">No event of it that happened is told with a day.</p>`}
    ${at && html`<${EventsBehind} heading=${monthName(at)} counted=${months.find((month) => month.start === at)?.events} onClose=${() => setParams({ at: null })}
      filters=${{ actor: id, status: ["actual", "historical"], since: at, until: binEnd(at, "month") }} />`}
    <div class="columns">
      <section><h2>Acts with</h2>${partners.length ? html`<${Partners} partners=${partners} id=${id} />` : html`<p class="faint">Nobody is told.</p>`}</section>
      <section><h2>Goes by</h2><ul class="aliases">${aliases.map((alias) => html`<li>
        <${Text} text=${alias.name} /> <span class="faint">${number(alias.told)}</span></li>`)}</ul></section>
    </div>`;
}

function Partners({ partners, id }) {
  const columns = [
    { name: "name", label: "Partner", cell: (row) => html`<${Link} href=${`/actor?${new URLSearchParams({ id: row.actor })}`} data-item="actor"><${Text} text=${row.name} /><//>` },
    { name: "events", label: "Events", numeric: true, cell: (row) => html`<${Link} href=${`/?${new URLSearchParams({ dyad: `${id},${row.actor}` })}`}>${number(row.events)}<//>` },
    { name: "on", label: "Acts on it", numeric: true, cell: (row) => number(row.on) },
    { name: "of", label: "Acts by it", numeric: true, cell: (row) => number(row.of) },
    { name: "mean", label: "Mean intensity", numeric: true, cell: (row) => (row.mean === null ? html`<span class="unknown">none</span>` : signed(row.mean)) },
    { name: "relation", label: "", cell: (row) => row.actor !== row.name && html`<${Link} aria-label=${plain(`Relation with ${row.name}`)}
      href=${`/relation?${new URLSearchParams({ source: id, target: row.actor })}`}>Relation<//>` },
  ];
  return html`<${Table} caption="With whom it acts" hidden=${true} columns=${columns} rows=${partners} />`;
}
