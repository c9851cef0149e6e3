// The actors that the store knows, those that most tellings name first.

import { count, number } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/preact.js";
import { usePages } from "../lib/pages.js";
import { setParams, useStore } from "../lib/state.js";
import { Empty, Field, Link, Loading, Problem, Table, Text } from "../lib/ui.js";
import { More } from "../parts/behind.js";
import { fresh } from "../parts/fresh.js";

export const title = () => "Actors";
export default fresh(Actors);

const PAUSE = 250; // milliseconds without a keystroke before the list follows

function Actors({ query }) {
  const store = useStore();
  const q = query.get("q");
  const list = usePages("/api/actors", q ? { q } : {}, "actors");
  const columns = [
    { name: "name", label: "Actor", cell: (row) => html`<${Link} href=${`/actor?${new URLSearchParams({ id: row.actor })}`} data-item="actor"><${Text} text=${row.name} /><//>` },
    { name: "country", label: "Country", cell: ({ country }) => (country === "---" ? html`<span class="unknown">unknown</span>`
      : html`${store.countries[country] ?? ""} <span class="codes">${country}</span>`) },
    { name: "sectors", label: "Sectors", cell: (row) => html`<span class="codes">${row.sectors.join(" ") || "none"}</span>` },
    { name: "told", label: "Tellings", numeric: true, cell: (row) => number(row.told) },
  ];
  return html`<div class="page-head"><h1>Actors</h1>
      <p class="faint">${list.total !== undefined && count(list.total, "actor")}</p></div>
    <div class="controls"><${Search} value=${q ?? ""} /></div>
    ${list.error && html`<${Problem} error=${list.error} again=${list.again} />`}
    ${!list.rows && !list.error && html`<${Loading} what="actors" lines=${14} />`}
    ${list.rows?.length === 0 && !list.loading && html`<${Empty}><p>No actor goes by these words.</p>
      <p>Try a country's code (PRK), with sectors (PRK GOV), or words of a name.</p><//>`}
    ${list.rows?.length > 0 && html`<div class="narrow" aria-busy=${list.loading}><${Table} caption="Actors" hidden=${true} columns=${columns} rows=${list.rows} /></div>`}
    <${More} list=${list} noun="actor" />`;
}

function Search({ value }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) return undefined;
    const timer = setTimeout(() => setParams({ q: text.trim() }, { replace: true }), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<${Field} label="Name or code">${(id) => html`<input id=${id} type="search" value=${text} placeholder="Kim, PRK, PRK GOV" data-search
    onInput=${(event) => setText(event.target.value)} />`}<//>`;
}
