// The filters that all views share: their names in the URL, the bar that sets them, and the chips that take them out.

import { QUADS, day, percent } from "./format.js";
import { html, useEffect, useRef } from "./preact.js";
import { setParams, useQuery, useStore } from "./state.js";
import { Suggest } from "./suggest.js";
import { Choice, Field, Menu } from "./ui.js";

export const FILTERS = ["actor", "dyad", "deed", "status", "quad", "place", "since", "until", "confidence", "publisher",
  "q"];

// The filters of a query as URLSearchParams for the server, and nothing else of it. `but` are filters to leave out.
export function filtersOf(query, but = []) {
  const found = new URLSearchParams();
  for (const [name, value] of query) {
    if (FILTERS.includes(name) && !but.includes(name) && value) found.append(name, value);
  }
  return found;
}

// A field that takes anything, the other filters behind a button, and a chip for each that is set. `only` names the
// filters that the view can use.
export function FilterBar({ only = FILTERS, children }) {
  const [query] = useQuery();
  const store = useStore();
  const input = useRef(null);
  useSlash(input);
  const has = (name) => only.includes(name);
  const kinds = ["actor", "place", "publisher"].filter(has);
  const add = ({ kind, asked = kind, value }) => {
    const many = ["deed", "status", "quad"].includes(asked);
    setParams({ [asked]: many ? [...new Set([...query.getAll(asked), String(value)])] : value });
  };
  return html`<search class="filters">
    <div class="filter-row">
      <${Suggest} label="Search and filter" hideLabel=${true} inputRef=${input} kinds=${kinds}
        local=${(words) => coded(words, store, has)}
        placeholder=${`Actor, place, publisher${has("q") ? ", deed, or words of a report" : " or deed"}`}
        onPick=${add} onText=${has("q") ? (words) => setParams({ q: words }) : undefined} />
      <${Menu} label="Filters" className="filter-menu"><${FilterForm} query=${query} store=${store} has=${has} /><//>
      ${children}
    </div>
    <${Chips} query=${query} store=${store} has=${has} />
  </search>`;
}

// "/" puts the cursor into the field.
function useSlash(input) {
  useEffect(() => {
    const onKey = (event) => {
      const typing = event.target.closest("input, textarea, select");
      if (event.key !== "/" || event.ctrlKey || event.metaKey || typing) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

// Deeds, statuses and quad classes whose name starts with the words.
function coded(words, store, has) {
  const start = words.toLowerCase();
  const all = [
    ...store.deeds.map((deed) => ({ kind: "deed", value: deed, label: deed })),
    ...store.statuses.map((status) => ({ kind: "status", value: status, label: status })),
    ...Object.entries(QUADS).map(([quad, name]) => ({ kind: "quad", value: quad, label: name })),
  ];
  return all.filter(({ kind, label }) => has(kind) && label.toLowerCase().startsWith(start)).slice(0, 5);
}

// The chips. --------------------------------------------------------------------------------------------------------

function Chips({ query, store, has }) {
  const chips = [...filtersOf(query)].filter(([name]) => has(name));
  if (!chips.length) return null;
  const without = (name, value) => setParams({ [name]: query.getAll(name).filter((one) => one !== value) });
  return html`<ul class="chips" aria-label="Filters set">
    ${chips.map(([name, value]) => html`<li key=${`${name}=${value}`} class="chip">
      <span class="chip-name">${CHIP_NAMES[name]}</span> <bdi>${chipValue(name, value, store)}</bdi>
      <button type="button" aria-label=${`Take out ${CHIP_NAMES[name]} ${value}`}
        onClick=${() => without(name, value)}>×</button>
    </li>`)}
    <li><button type="button" class="plain"
      onClick=${() => setParams(Object.fromEntries(FILTERS.map((name) => [name, null])))}>
      Clear all</button></li>
  </ul>`;
}

const CHIP_NAMES = {
  actor: "actor", dyad: "between", deed: "deed", status: "status", quad: "class", place: "place", since: "since",
  until: "until", confidence: "confidence at least", publisher: "publisher", q: "reports that say",
};

function chipValue(name, value, store) {
  if (name === "quad") return QUADS[value] ?? value;
  if (name === "confidence") return percent(Number(value));
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return day(value);
  if (name === "dyad") return value.split(",").map((actor) => actorName(actor, store)).join(" and ");
  return name === "q" ? `“${value}”` : actorName(value, store);
}

const actorName = (words, store) => (store.countries[words] ? `${store.countries[words]} (${words})` : words);

// The form. ---------------------------------------------------------------------------------------------------------

function FilterForm({ query, store, has }) {
  const text = (name, label, hint) => has(name) && html`<${Field} label=${label} hint=${hint}>${(id) => html`
    <input id=${id} type="text" value=${query.get(name) ?? ""}
      onChange=${(e) => setParams({ [name]: e.target.value.trim() })} />`}<//>`;
  const date = (name, label) => has(name) && html`<${Field} label=${label}>${(id) => html`
    <input id=${id} type="date" value=${query.get(name) ?? ""}
      onChange=${(e) => setParams({ [name]: e.target.value })} />`}<//>`;
  const several = (name, legend, options) => has(name) && html`<${Several} name=${name} legend=${legend}
    options=${options} query=${query} />`;
  return html`<div class="filter-form">
    <div class="filter-fields">
      ${text("actor", "Actor", "a country (PRK), with sectors (PRK GOV), or words of a name")}
      ${has("dyad") && html`<${Between} query=${query} />`}
      ${text("place", "Place", "a country code or words of a name")}
      ${text("publisher", "Publisher")}
      ${date("since", "Since")} ${date("until", "Until")}
      ${has("confidence") && html`<${Floor} query=${query} />`}
    </div>
    ${several("quad", "Class", Object.entries(QUADS))}
    ${several("status", "Status", store.statuses.map((status) => [status, status]))}
    ${several("deed", "Deed", store.deeds.map((deed) => [deed, deed]))}
  </div>`;
}

// Two actors, in either direction; they filter when both are told.
function Between({ query }) {
  const [one = "", other = ""] = (query.get("dyad") ?? "").split(",");
  const first = useRef(null);
  const second = useRef(null);
  const set = () => {
    const [a, b] = [first, second].map((ref) => ref.current.value.trim().replaceAll(",", " "));
    if (Boolean(a) === Boolean(b)) setParams({ dyad: a && `${a},${b}` });
  };
  return html`<fieldset class="between"><legend>Between</legend>
    <input ref=${first} type="text" aria-label="One actor" value=${one} onChange=${set} />
    <span>and</span>
    <input ref=${second} type="text" aria-label="The other actor" value=${other} onChange=${set} />
  </fieldset>`;
}

const FLOORS = [["", "any"], ["0.4", "40%"], ["0.6", "60%"], ["0.8", "80%"]];

const Floor = ({ query }) => html`<div class="field"><span>Confidence at least</span>
  <${Choice} label="Confidence at least" options=${FLOORS} value=${query.get("confidence") ?? ""}
    onPick=${(value) => setParams({ confidence: value })} />
</div>`;

function Several({ name, legend, options, query }) {
  const chosen = query.getAll(name);
  const toggle = (value) => setParams({
    [name]: chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value],
  });
  return html`<fieldset class="several"><legend>${legend}</legend>
    ${options.map(([value, label]) => html`<label><input type="checkbox" checked=${chosen.includes(value)}
      onChange=${() => toggle(value)} /> ${label}</label>`)}
  </fieldset>`;
}
