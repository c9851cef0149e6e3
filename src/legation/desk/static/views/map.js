// Where it happened: events by place on a map of the world, with the strip of time beneath and the same as lists.

import { count, number } from "../lib/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib/preact.js";
import { setParams, useLoad, useStore } from "../lib/state.js";
import { Strip } from "../lib/strip.js";
import { plain } from "../lib/text.js";
import { Choice, Empty, FilterBar, Loading, Problem, Text, filtersOf } from "../lib/ui.js";
import { zoomIdentity } from "../vendor/d3.js";
import { EventsBehind } from "../parts/behind.js";
import { useWidth } from "../parts/figure.js";
import { fresh } from "../parts/fresh.js";
import { cluster, countries, round, shade, shadeRanges, worldIn } from "../parts/world.js";
import { ZoomButtons, useZoom } from "../parts/zoom.js";

export const title = () => "Map";
export default fresh(MapView);

const REACH = 26; // pixels within which places are gathered
const FURTHEST = 40; // times that one can come closer
const FINE_FROM = 3; // times closer at which the finer shapes are drawn

function MapView({ query }) {
  const filters = filtersOf(query);
  const { data, error, loading, again } = useLoad("/api/places", filters);
  const [gathered, setGathered] = useState(null);
  const open = query.get("open");
  useEffect(() => setGathered(null), [data]);
  return html`<div class="page-head"><h1>Where it happened</h1>
      <p class="faint" aria-live="polite">${data && summary(data)}</p></div>
    <${FilterBar} />
    ${error && html`<${Problem} error=${error} again=${again} />`}
    <div class="map-columns" aria-busy=${loading}>
      <div>
        ${data && html`<${World} data=${data} gathered=${gathered} open=${open} onGather=${setGathered} onOpen=${openPlace} />`}
        ${!data && !error && html`<div class="map-frame"><${Loading} what="the map" lines=${10} /></div>`}
        <${Strip} />
      </div>
      ${data && html`<${Lists} data=${data} gathered=${gathered} open=${open} onClose=${() => setGathered(null)} />`}
    </div>
    ${open && data && html`<${Opened} place=${open} data=${data} filters=${filters} />`}`;
}

function summary({ places, countries: shaded, unplaced, unlocated, left_out }) {
  const placed = places.reduce((sum, place) => sum + place.events, 0);
  const inside = Object.keys(shaded).length;
  return [
    `${count(placed, "event")} at ${count(places.length, "place")} in ${number(inside)} ${inside === 1 ? "country" : "countries"}`,
    `; ${number(unplaced)} without a place`,
    unlocated ? `, ${number(unlocated)} at places that are not on the map` : "",
    left_out ? `; ${count(left_out, "place")} with fewer events left out` : "",
  ].join("");
}

const openPlace = (place) => setParams({ open: place });

// What a place is called in the address and in the filter of places: its id, else its name.
const keyOf = (place) => place.place_id ?? place.name;

// The events of one place or country, below the map; the filter of places gives way to it.
function Opened({ place, data, filters }) {
  const store = useStore();
  const box = useRef(null);
  useEffect(() => box.current.scrollIntoView({ block: "nearest" }), [place]);
  const query = new URLSearchParams(filters);
  query.set("place", place);
  const country = store.countries[place];
  const name = country ? `${country}, all of it` : plain(data.places.find((one) => keyOf(one) === place)?.name ?? place);
  return html`<div ref=${box} class="map-opened"><${EventsBehind} heading=${name} filters=${query} onClose=${() => setParams({ open: null })} /></div>`;
}

// The map. ----------------------------------------------------------------------------------------------------------

function World({ data, gathered, open, onGather, onOpen }) {
  const [frame, width] = useWidth();
  const height = Math.round(Math.max(260, Math.min(width * 0.5, 560)));
  const svg = useRef(null);
  const [at, zoomer] = useZoom(svg, width, height, FURTHEST, { begin: beginning, onEnd: (end) => remember(end, width, height) });
  const world = useMemo(() => (width ? worldIn(width, height) : null), [width, height]);
  const land = useCountries(at.k >= FINE_FROM ? "50m" : "110m");
  const step = 2 ** (Math.round(Math.log2(at.k) * 2) / 2); // clusters change by steps, not with every turn of the wheel
  const clusters = useMemo(() => (world ? cluster(placesIn(data.places, world), REACH / step) : []), [data, world, step]);
  return html`<div class="map-frame" ref=${frame}>
    <svg class=${at.k > 1 ? "map enlarged" : "map"} ref=${svg} width="100%" height=${height} tabindex="0" role="group" onKeyDown=${zoomer.onKey}
      aria-label="Map: the arrow keys move it, plus and minus bring it closer and further, 0 shows the whole world. The lists beside it hold the same.">
      ${world && html`<g transform=${at.toString()}>
        <path class="sphere" d=${world.sphere} /><path class="graticule" d=${world.grid} />
        <${Countries} land=${land} world=${world} data=${data} open=${open} onOpen=${onOpen} />
      </g>
      <${Rounds} clusters=${clusters} at=${at} width=${width} height=${height} gathered=${gathered} open=${open} onGather=${onGather} onOpen=${onOpen} />`}
    </svg>
    <${ZoomButtons} zoomer=${zoomer} at=${at} />
    <${Shades} data=${data} />
  </div>`;
}

// What is seen is kept in the address as `at`: longitude and latitude of the middle, and how many times closer.
function remember(end, width, height) {
  const [lon, lat] = worldIn(width, height).lonLat(end.invert([width / 2, height / 2])) ?? [];
  setParams({ at: end.k === 1 || !Number.isFinite(lon) ? null : `${lon.toFixed(2)},${lat.toFixed(2)},${end.k.toFixed(2)}` }, { replace: true });
}

function beginning(width, height) {
  const [lon, lat, k] = (new URLSearchParams(location.search).get("at") ?? "").split(",").map(Number);
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90 && k >= 1 && k <= FURTHEST)) return zoomIdentity;
  const [x, y] = worldIn(width, height).point([lon, lat]);
  return zoomIdentity.translate(width / 2 - k * x, height / 2 - k * y).scale(k);
}

// The shapes of a scale; until they are there, those that were.
function useCountries(scale) {
  const [land, setLand] = useState([]);
  useEffect(() => {
    let wanted = true;
    countries(scale).then((found) => wanted && setLand(found));
    return () => { wanted = false; };
  }, [scale]);
  return land;
}

function placesIn(places, world) {
  return places.flatMap((place) => {
    if (place.lat === null || place.lon === null) return [];
    const [x, y] = world.point([place.lon, place.lat]);
    return [{ ...place, x, y }];
  });
}

const highest = (shaded) => Math.max(1, ...Object.values(shaded).map((country) => country.events));

function Countries({ land, world, data, open, onOpen }) {
  const store = useStore();
  const drawn = useMemo(() => land.map((country) => world.path(country)), [land, world]);
  const most = highest(data.countries);
  return useMemo(() => html`<g class="countries">${land.map((country, i) => {
    const events = data.countries[country.id]?.events ?? 0;
    return html`<path class=${`country shade-${shade(events, most)} ${open === country.id ? "chosen" : ""}`} d=${drawn[i]}
      onClick=${events ? () => onOpen(country.id) : undefined}>
      <title>${store.countries[country.id] ?? country.properties.name}: ${events ? count(events, "event") : "no event"}</title></path>`;
  })}</g>`, [drawn, data, open, store.countries]);
}

function Rounds({ clusters, at, width, height, gathered, open, onGather, onOpen }) {
  const most = clusters[0]?.events ?? 1;
  const largest = 10 + 14 * Math.min(1, width / 800);
  const radius = (events) => 3.5 + largest * Math.sqrt(events / most);
  const seen = clusters.map((one) => ({ one, x: at.applyX(one.x), y: at.applyY(one.y), r: radius(one.events) }))
    .filter(({ x, y, r }) => x > -r && y > -r && x < width + r && y < height + r);
  const pick = (one) => {
    if (one.places.length === 1) onOpen(keyOf(one.places[0]));
    else onGather(one);
  };
  return html`<g class="rounds" aria-hidden="true">${seen.map(({ one, x, y, r }) => html`<g key=${`${keyOf(one.places[0])} ${one.x}`} transform=${`translate(${x},${y})`}
      class=${`round ${isChosen(one, gathered, open) ? "chosen" : ""}`} onClick=${() => pick(one)}>
    <circle class="round-ground" r=${r + 1} />
    ${round(one, r).map(({ quad, d }) => html`<path class=${`bar-${quad}`} d=${d} />`)}
    ${r > 13 && html`<text dy="0.35em" text-anchor="middle">${short(one.events)}</text>`}
    <title>${plain(one.places[0].name)}${one.places.length > 1 && ` and ${count(one.places.length - 1, "other place")}`}: ${count(one.events, "event")}</title>
  </g>`)}</g>`;
}

const isChosen = (one, gathered, open) => one.places[0] === gathered?.places[0] || (one.places.length === 1 && keyOf(one.places[0]) === open);
const short = (n) => (n < 1000 ? String(n) : n < 9950 ? `${(n / 1000).toFixed(1)}k` : `${Math.round(n / 1000)}k`);

const Shades = ({ data }) => html`<ul class="quad-legend" aria-label="Shades of countries"><li>Events in a country:</li>
  ${shadeRanges(highest(data.countries)).map(([i, from, to]) => html`<li>
    <span class=${`shade-key shade-${i}`}></span> ${from === to ? number(from) : `${number(from)} to ${number(to)}`}</li>`)}</ul>`;

// The lists. --------------------------------------------------------------------------------------------------------

const MOST = 100;

function Lists({ data, gathered, open, onClose }) {
  const [kind, setKind] = useState("places");
  if (gathered) {
    return html`<section class="map-list" aria-label="Places gathered">
      <header class="map-list-head"><h2>${count(gathered.places.length, "place")} here</h2><button type="button" class="plain" onClick=${onClose}>All places</button></header>
      <${Places} rows=${gathered.places} open=${open} /></section>`;
  }
  return html`<section class="map-list" aria-label="The same as lists">
    <header class="map-list-head"><${Choice} label="List" options=${[["places", "Places"], ["countries", "Countries"]]} value=${kind} onPick=${setKind} /></header>
    ${kind === "places" ? html`<${Places} rows=${data.places} open=${open} />` : html`<${CountryList} shaded=${data.countries} open=${open} />`}</section>`;
}

function Places({ rows, open }) {
  const ordered = [...rows].sort((a, b) => b.events - a.events);
  const around = (place) => [place.admin1, place.country].filter((part) => part && part !== place.name).join(", ");
  if (!ordered.length) return html`<${Empty}><p>No event with a place passes these filters. Take one out above.</p><//>`;
  return html`<ol>${ordered.slice(0, MOST).map((place) => html`<li>
      <button type="button" class="map-item" data-item="place" aria-pressed=${keyOf(place) === open} onClick=${() => openPlace(keyOf(place))}>
        <span><${Text} text=${place.name} /> <span class="codes"><${Text} text=${around(place)} /></span></span><span>${number(place.events)}</span></button></li>`)}</ol>
    ${ordered.length > MOST && html`<p class="faint">The ${MOST} busiest of ${number(ordered.length)}; filter to see others.</p>`}`;
}

function CountryList({ shaded, open }) {
  const store = useStore();
  const ordered = Object.entries(shaded).sort(([, a], [, b]) => b.events - a.events);
  return html`<ol>${ordered.map(([code, { events }]) => html`<li><button type="button" class="map-item" data-item="country" aria-pressed=${code === open}
    onClick=${() => openPlace(code)}><span>${store.countries[code] ?? code} <span class="codes">${code}</span></span><span>${number(events)}</span></button></li>`)}</ol>`;
}
