// Choosing actors and days, for the views that are about some of them.

import { html } from "../lib/preact.js";
import { setParams, useStore } from "../lib/state.js";
import { Field, Suggest } from "../lib/ui.js";

// One actor, kept in the query under `name`: a country, country and sectors, or actor_id. What is typed and is no
// suggestion is taken as it stands.
export function ActorPick({ label, name, query, placeholder = "Country, actor or code" }) {
  const store = useStore();
  const value = query.get(name) ?? "";
  const set = (words) => setParams({ [name]: words, at: null });
  return html`<div class="actor-pick">
    <${Suggest} label=${label} kinds=${["actor"]} keep=${true} placeholder=${placeholder} value=${actorLabel(value, store)}
      local=${(words) => countriesOf(words, store)} onPick=${(picked) => set(picked.value)} onText=${(words) => set(codeOf(words, store))} />
    ${value && html`<button type="button" class="plain clear" aria-label=${`Take out ${label.toLowerCase()}`} onClick=${() => set(null)}>×</button>`}
  </div>`;
}

// "North Korea (PRK)" of a code that names a country; other words as they are.
export function actorLabel(actor, store) {
  const [country, ...sectors] = actor.split(" ");
  return store.countries[country] ? `${store.countries[country]} (${[country, ...sectors].join(" ")})` : actor;
}

function countriesOf(words, store) {
  const start = words.toLowerCase();
  return Object.entries(store.countries)
    .filter(([code, name]) => code.toLowerCase() === start || name.toLowerCase().startsWith(start))
    .slice(0, 4)
    .map(([code, name]) => ({ value: code, label: `${name} (${code})`, kind: "actor", n: null }));
}

// The code of a country that is typed by its name, in any case, or as the label that the field shows.
function codeOf(words, store) {
  const bare = words.replace(/^.*\(([A-Z]{3}(?: [A-Z]{3})*)\)$/, "$1");
  const found = Object.entries(store.countries).find(([, name]) => name.toLowerCase() === words.toLowerCase());
  return found ? found[0] : bare;
}

// Two date fields, kept in the query as `since` and `until`.
export function SinceUntil({ query }) {
  const date = (name, label) => html`<${Field} label=${label}>${(id) => html`<input id=${id} type="date" value=${query.get(name) ?? ""}
    onChange=${(event) => setParams({ [name]: event.target.value })} />`}<//>`;
  return html`${date("since", "Since")} ${date("until", "Until")}`;
}
