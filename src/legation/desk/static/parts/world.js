// The world offline: shapes of countries, their projection, and places near each other gathered into one.

import { arc, geoEqualEarth, geoGraticule10, geoPath, pie, quadtree } from "../vendor/d3.js";
import { feature } from "../vendor/topojson-client.js";

const shapes = new Map(); // scale → promise of features

// The countries as GeoJSON features whose id is ISO 3166-1 alpha-3, coarse ("110m") or fine ("50m"). Loaded once.
export function countries(scale) {
  if (!shapes.has(scale)) {
    shapes.set(scale, fetch(`/static/vendor/countries-${scale}.json`)
      .then((response) => response.json())
      .then((world) => feature(world, world.objects.countries).features));
  }
  return shapes.get(scale);
}

// The Equal Earth projection (areas are true) fitted into so many pixels: { point([lon, lat]), lonLat([x, y]), path(feature),
// sphere, grid }.
export function worldIn(width, height) {
  const projection = geoEqualEarth().fitExtent([[2, 2], [width - 2, height - 2]], { type: "Sphere" });
  const path = geoPath(projection).digits(1);
  return { point: projection, lonLat: projection.invert, path, sphere: path({ type: "Sphere" }), grid: path(geoGraticule10()) };
}

// Places { x, y, events, quads, … } gathered: each goes to the busiest place within `reach` pixels that heads a cluster,
// else heads one. Clusters { x, y, events, quads, places } come with the busiest first, and lie at the place that heads them.
export function cluster(places, reach) {
  const ordered = [...places].sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1));
  const heads = quadtree().x((head) => head.x).y((head) => head.y);
  const clusters = [];
  for (const place of ordered) {
    const near = heads.find(place.x, place.y, reach);
    if (near) join(near, place);
    else {
      const head = { x: place.x, y: place.y, events: 0, quads: [0, 0, 0, 0], places: [] };
      join(head, place);
      heads.add(head);
      clusters.push(head);
    }
  }
  return clusters.sort((a, b) => b.events - a.events);
}

function join(head, place) {
  head.events += place.events;
  head.quads = head.quads.map((n, i) => n + place.quads[i]);
  head.places.push(place);
}

// The pieces of a round of radius r by quad class, and class 0 for events without one: [{ quad, d }].
export function round({ events, quads }, r) {
  const parts = [...quads, Math.max(0, events - quads.reduce((sum, n) => sum + n, 0))];
  const draw = arc().innerRadius(r > 11 ? r * 0.62 : 0).outerRadius(r);
  return pie().sort(null)(parts).filter((piece) => piece.value).map((piece) => ({ quad: (piece.index + 1) % 5, d: draw(piece) }));
}

const SHADES = 5;

// The shade 1 to 5 of a count, by its logarithm against the highest; 0 for none.
export const shade = (n, most) => (n ? Math.min(SHADES, 1 + Math.floor((SHADES * Math.log1p(n)) / Math.log1p(most + 0.001))) : 0);

// The least count of each shade that any count up to the highest has: [[shade, from, to], …].
export function shadeRanges(most) {
  const found = [];
  for (let i = 1; i <= SHADES; i++) {
    const from = Math.max(1, Math.ceil(Math.expm1(((i - 1) / SHADES) * Math.log1p(most + 0.001))));
    const to = i === SHADES ? most : Math.ceil(Math.expm1((i / SHADES) * Math.log1p(most + 0.001))) - 1;
    if (to >= from && shade(from, most) === i) found.push([i, from, to]);
  }
  return found;
}
