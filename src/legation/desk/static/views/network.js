// Who acts on whom: a network of the actors that act most, cooperation and conflict apart, with the same as tables.

import { count, number } from "../lib/format.js";
import { html, useMemo, useRef, useState } from "../lib/preact.js";
import { setParams, useLoad } from "../lib/state.js";
import { Strip } from "../lib/strip.js";
import { plain } from "../lib/text.js";
import { Choice, Empty, FilterBar, Link, Loading, Problem, Table, Text, filtersOf } from "../lib/ui.js";
import { useWidth } from "../parts/figure.js";
import { fresh } from "../parts/fresh.js";
import { labels, layout, ties, towards } from "../parts/graph.js";
import { signed } from "../parts/relation_chart.js";
import { ZoomButtons, useZoom } from "../parts/zoom.js";

export const title = () => "Network";
export default fresh(Network);

const KINDS = [["both", "All acts"], ["cooperation", "Cooperation"], ["conflict", "Conflict"]];
const SIZES = [["50", "50 actors"], ["100", "100"], ["200", "200"]];
const DRAWN = 700; // the strongest ties that are drawn; those of the chosen actor are drawn all
const FURTHEST = 8;
const LONGEST = 28; // characters of a label

function Network({ query }) {
  const most = query.get("most") ?? "100";
  const kind = query.get("kind") ?? "both";
  const filters = filtersOf(query);
  filters.set("most", most);
  const { data, error, loading, again } = useLoad("/api/network", filters);
  const chosen = data?.nodes.find((node) => node.id === query.get("who"));
  return html`<div class="page-head"><h1>Who acts on whom</h1>
      <p class="faint" aria-live="polite">${data && summary(data)}</p></div>
    <${FilterBar} />
    <div class="controls">
      <${Choice} label="Acts" options=${KINDS} value=${kind} onPick=${(value) => setParams({ kind: value === "both" ? null : value })} />
      <${Choice} label="Actors shown" options=${SIZES} value=${most} onPick=${(value) => setParams({ most: value === "100" ? null : value })} />
    </div>
    ${error && html`<${Problem} error=${error} again=${again} />`}
    <div class="map-columns" aria-busy=${loading}>
      <div>
        ${!data && !error && html`<div class="map-frame"><${Loading} what="the network" lines=${12} /></div>`}
        ${data?.nodes.length === 0 && html`<${Empty}><p>Nobody acts on anybody in the events that pass these filters. Take one out above, or widen the days.</p><//>`}
        ${data?.nodes.length > 0 && html`<${Graph} data=${data} kind=${kind} chosen=${chosen?.id ?? null} />`}
        <${Strip} />
      </div>
      ${data?.nodes.length > 0 && (chosen ? html`<${Chosen} node=${chosen} data=${data} />` : html`<${Actors} nodes=${data.nodes} />`)}
    </div>
    ${data?.nodes.length > 0 && html`<${LinkTable} data=${data} kind=${kind} />`}`;
}

function summary({ nodes, links, left_out, links_left_out }) {
  return [
    `${count(nodes.length, "actor")}, ${count(links.length, "link")}`,
    left_out ? `; ${count(left_out, "actor")} with fewer events left out` : "",
    links_left_out ? `; ${count(links_left_out, "link")} too` : "",
  ].join("");
}

// What the relation of two is asked for by: an actor_id, else country and sectors; null for a name without a country, which
// the relations do not know.
function relationTo(one, other) {
  const [source, target] = [one, other].map((node) => (node.id !== node.name ? node.id : node.country === "---" ? null : [node.country, ...node.sectors].join(" ")));
  return source && target ? `/relation?${new URLSearchParams({ source, target })}` : null;
}

const RelationLink = ({ one, other }) => {
  const href = relationTo(one, other);
  return href && html`<${Link} href=${href} aria-label=${plain(`Relation of ${one.name} and ${other.name}`)}>Relation<//>`;
};

const choose = (id) => setParams({ who: id }, { replace: true });

// The drawing. ------------------------------------------------------------------------------------------------------

function Graph({ data, kind, chosen }) {
  const [frame, width] = useWidth();
  const height = Math.round(Math.max(360, Math.min(width * 0.72, 680)));
  const svg = useRef(null);
  const [over, setOver] = useState(null);
  const [at, zoomer] = useZoom(svg, width, height, FURTHEST, { arrows: false });
  const known = useMemo(() => new Map(data.nodes.map((node) => [node.id, node])), [data]);
  const all = useMemo(() => ties(data.links, "both"), [data]);
  const places = useMemo(() => (width ? layout(data.nodes, all, width, height) : null), [data, width, height]);
  const strongest = useMemo(() => ties(data.links, kind), [data, kind]);
  const lit = over ?? chosen;
  const near = useMemo(() => neighbours(strongest, lit), [strongest, lit]);
  const discs = places ? data.nodes.map((node) => discOf(node, places, at)) : [];
  return html`<div class="map-frame" ref=${frame}>
      <svg class="network ${lit ? "has-lit" : ""} ${at.k > 1 ? "enlarged" : ""}" ref=${svg} width="100%" height=${height} role="group"
        aria-label="Network: the arrow keys go from actor to actor, Enter chooses one, plus and minus enlarge. The lists beside it hold the same."
        onKeyDown=${(event) => zoomer.onKey(event)}>
        ${places && html`<${Ties} strongest=${strongest} places=${places} at=${at} lit=${lit} />
          <${Nodes} discs=${discs} known=${known} near=${near} lit=${lit} chosen=${chosen} onOver=${setOver} />
          <${Names} discs=${discs} near=${near} lit=${lit} width=${width} height=${height} />`}
      </svg>
      <${ZoomButtons} zoomer=${zoomer} at=${at} />
      <ul class="quad-legend" aria-label="Ties">
        <li><span class="tie-key tie-cooperation"></span> mostly cooperation</li><li><span class="tie-key tie-conflict"></span> mostly conflict</li>
        <li class="faint">wider for more acts; discs by events${strongest.length > DRAWN && `; the ${DRAWN} strongest of ${number(strongest.length)} ties`}</li></ul>
    </div>`;
}

function discOf(node, places, at) {
  const { x, y, r } = places.get(node.id);
  const name = plain(node.name);
  const text = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  return { id: node.id, text, x: at.applyX(x), y: at.applyY(y), r: r * at.k ** 0.25 };
}

// The ids of those that a node acts with, itself included; null for nobody.
function neighbours(strongest, id) {
  if (id === null) return null;
  const found = new Set([id]);
  for (const { a, b } of strongest) {
    if (a === id) found.add(b);
    if (b === id) found.add(a);
  }
  return found;
}

function Ties({ strongest, places, at, lit }) {
  const most = strongest[0]?.acts ?? 1;
  const drawn = strongest.filter((tie, i) => i < DRAWN || tie.a === lit || tie.b === lit);
  return html`<g aria-hidden="true">${drawn.map((tie) => {
    const [one, other] = [places.get(tie.a), places.get(tie.b)];
    const own = tie.a === lit || tie.b === lit;
    return html`<line key=${`${tie.a} ${tie.b}`} class=${`tie tie-${tie.conflict > tie.cooperation ? "conflict" : "cooperation"} ${own ? "lit" : ""}`}
      x1=${at.applyX(one.x)} y1=${at.applyY(one.y)} x2=${at.applyX(other.x)} y2=${at.applyY(other.y)} stroke-width=${(0.6 + 5 * Math.sqrt(tie.acts / most)).toFixed(2)} />`;
  })}</g>`;
}

// One of the nodes can be reached with Tab; from it the arrow keys go on.
function Nodes({ discs, known, near, lit, chosen, onOver }) {
  const group = useRef(null);
  const first = discs.reduce((best, disc) => (known.get(disc.id).events > known.get(best.id).events ? disc : best), discs[0]).id;
  const onKey = (disc) => (event) => {
    if (event.key === "Enter" || event.key === " ") choose(disc.id === chosen ? null : disc.id);
    else if (event.key.startsWith("Arrow")) {
      const next = towards(discs, disc, event.key);
      if (next !== null) group.current.querySelector(`[data-node="${CSS.escape(next)}"]`).focus();
    } else return;
    event.preventDefault();
  };
  return html`<g ref=${group}>${discs.map((disc) => html`<circle key=${disc.id} class=${`node ${near?.has(disc.id) ? "near" : ""} ${disc.id === lit ? "lit" : ""}`}
    cx=${disc.x} cy=${disc.y} r=${disc.r} data-node=${disc.id} role="button" tabindex=${disc.id === (lit ?? first) ? 0 : -1} aria-pressed=${disc.id === chosen}
    aria-label=${`${plain(known.get(disc.id).name)}, ${count(known.get(disc.id).events, "event")}`} onKeyDown=${onKey(disc)} onClick=${() => choose(disc.id === chosen ? null : disc.id)}
    onFocus=${() => onOver(disc.id)} onBlur=${() => onOver(null)} onPointerEnter=${() => onOver(disc.id)} onPointerLeave=${() => onOver(null)} />`)}</g>`;
}

// The labels that find room, the nodes with the most events first; of a lit node itself and its neighbours.
function Names({ discs, near, lit, width, height }) {
  const ordered = [...discs].filter((disc) => !near || near.has(disc.id)).sort((a, b) => (b.id === lit) - (a.id === lit) || b.r - a.r || (a.id < b.id ? -1 : 1));
  return html`<g class="names" aria-hidden="true">${labels(ordered, widthOf, width, height, [BUTTONS]).map(({ id, text, x, y }) => html`
    <text key=${id} class=${id === lit ? "lit" : ""} x=${x} y=${y}>${text}</text>`)}</g>`;
}

const BUTTONS = { left: 0, right: 46, top: 0, bottom: 124 }; // where the zoom buttons lie

let pen = null;
const widths = new Map();

function widthOf(text) {
  if (!pen) {
    pen = document.createElement("canvas").getContext("2d");
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  }
  if (!widths.has(text)) widths.set(text, pen.measureText(text).width + 2);
  return widths.get(text);
}

// In words. ---------------------------------------------------------------------------------------------------------

const Actors = ({ nodes }) => html`<section class="map-list" aria-label="Actors of the network"><header class="map-list-head"><h2>Actors</h2></header>
  <ol>${[...nodes].sort((a, b) => b.events - a.events).map((node) => html`<li>
    <button type="button" class="map-item" data-item="actor" onClick=${() => choose(node.id)}>
      <span><${Text} text=${node.name} /> <span class="codes">${[node.country, ...node.sectors].join(" ")}</span></span><span>${number(node.events)}</span></button></li>`)}</ol></section>`;

function Chosen({ node, data }) {
  const known = new Map(data.nodes.map((one) => [one.id, one]));
  const rows = partnersOf(node.id, data.links);
  const to = (path, params) => `${path}?${new URLSearchParams(params)}`;
  const columns = [
    { name: "id", label: "With", cell: ({ id }) => html`<button type="button" class="plain-name" onClick=${() => choose(id)}><${Text} text=${known.get(id).name} /></button>` },
    { name: "by", label: "By it", numeric: true, cell: (row) => html`${row.by.cooperation} / ${row.by.conflict}` },
    { name: "on", label: "On it", numeric: true, cell: (row) => html`${row.on.cooperation} / ${row.on.conflict}` },
    { name: "relation", label: "", cell: (row) => html`<${RelationLink} one=${node} other=${known.get(row.id)} />` },
  ];
  return html`<section class="map-list" aria-label="The chosen actor">
    <header class="map-list-head"><h2><${Text} text=${node.name} /></h2><button type="button" class="plain" onClick=${() => choose(null)}>All actors</button></header>
    <p class="links">${count(node.events, "event")} <${Link} href=${to("/", { actor: node.id })}>Events<//> <${Link} href=${to("/actor", { id: node.id })}>Profile<//></p>
    ${rows.length ? html`<p class="faint">Cooperation / conflict, by it and on it.</p>
      <${Table} caption="With whom it acts" hidden=${true} cards=${false} columns=${columns} rows=${rows} />`
      : html`<p class="faint">It acts with nobody else that is shown.</p>`}</section>`;
}

// Those that one acts with, with the acts by it and on it, the most first.
function partnersOf(id, links) {
  const found = new Map();
  const none = () => ({ cooperation: 0, conflict: 0 });
  for (const link of links) {
    if ((link.source === id) === (link.target === id)) continue;
    const other = link.source === id ? link.target : link.source;
    const row = found.get(other) ?? { id: other, by: none(), on: none() };
    const side = link.source === id ? row.by : row.on;
    side.cooperation += link.cooperation;
    side.conflict += link.conflict;
    found.set(other, row);
  }
  const acts = ({ by, on }) => by.cooperation + by.conflict + on.cooperation + on.conflict;
  return [...found.values()].sort((a, b) => acts(b) - acts(a) || (a.id < b.id ? -1 : 1));
}

const MOST_ROWS = 200;

function LinkTable({ data, kind }) {
  const [open, setOpen] = useState(false);
  const known = new Map(data.nodes.map((node) => [node.id, node]));
  const acts = (link) => (kind === "both" ? link.cooperation + link.conflict : link[kind]);
  const columns = [
    { name: "source", label: "Source", cell: (row) => html`<${Text} text=${known.get(row.source).name} />` },
    { name: "target", label: "Target", cell: (row) => html`<${Text} text=${known.get(row.target).name} />` },
    { name: "cooperation", label: "Cooperation", numeric: true }, { name: "conflict", label: "Conflict", numeric: true },
    { name: "goldstein", label: "Mean intensity", numeric: true, cell: (row) => (row.goldstein === null ? html`<span class="unknown">none</span>` : signed(row.goldstein)) },
    { name: "relation", label: "", cell: (row) => html`<${RelationLink} one=${known.get(row.source)} other=${known.get(row.target)} />` },
  ];
  const rows = open ? data.links.filter(acts).sort((a, b) => acts(b) - acts(a)) : [];
  const caption = rows.length > MOST_ROWS ? `Links: the ${MOST_ROWS} strongest of ${number(rows.length)}` : "Links";
  return html`<details class="twin" onToggle=${(event) => setOpen(event.target.open)}><summary>The links as a table</summary>
    ${open && html`<${Table} caption=${caption} columns=${columns} rows=${rows.slice(0, MOST_ROWS)} />`}</details>`;
}
