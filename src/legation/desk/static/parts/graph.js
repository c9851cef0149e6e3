// The network of who acts on whom: ties, places of the nodes, and labels that do not lie on each other. All of it is
// computed the same for the same input: the forces begin from fixed places, and no clock or chance has a part in it.

import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "../vendor/d3.js";

const TICKS = 260;
const APART = 40;
const BACKBONE = 4; // of each node, the ties that pull it: with all of them a dense network is one knot

// The acts between two actors in both directions as one tie: [{ a, b, cooperation, conflict, acts }], the strongest
// first; `kind` is "both", "cooperation" or "conflict", and acts counts those alone. What one does to itself is left out.
export function ties(links, kind) {
  const found = new Map();
  for (const { source, target, cooperation, conflict } of links) {
    if (source === target) continue;
    const [a, b] = source < target ? [source, target] : [target, source];
    const key = `${a}\n${b}`;
    const tie = found.get(key) ?? { a, b, cooperation: 0, conflict: 0, acts: 0 };
    tie.cooperation += cooperation;
    tie.conflict += conflict;
    tie.acts += kind === "both" ? cooperation + conflict : kind === "cooperation" ? cooperation : conflict;
    found.set(key, tie);
  }
  return [...found.values()].filter((tie) => tie.acts > 0)
    .sort((one, other) => other.acts - one.acts || (one.a + one.b < other.a + other.b ? -1 : 1));
}

// Where the nodes lie in width x height pixels: Map of id → { x, y, r }. `nodes` are those of /api/network.
export function layout(nodes, strongest, width, height) {
  const most = Math.max(1, ...nodes.map((node) => node.events));
  const largest = 6 + 7 * Math.min(1, width / 800);
  const points = [...nodes].sort((a, b) => b.events - a.events || (a.id < b.id ? -1 : 1))
    .map((node) => ({ id: node.id, r: 3 + largest * Math.sqrt(node.events / most) }));
  const backbone = pulling(strongest);
  const heaviest = Math.log1p(backbone[0]?.acts ?? 1);
  forceSimulation(points)
    .force("link", forceLink(backbone.map((tie) => ({ source: tie.a, target: tie.b, acts: tie.acts }))).id((point) => point.id)
      .distance((link) => 30 + link.source.r + link.target.r).strength((link) => 0.08 + (0.5 * Math.log1p(link.acts)) / heaviest / 2))
    .force("charge", forceManyBody().strength((point) => -60 - 14 * point.r).distanceMax(420))
    .force("x", forceX(0).strength(0.05 * Math.min(1, height / width)))
    .force("y", forceY(0).strength(0.05 * Math.min(2, Math.max(1, width / height))))
    .force("collide", forceCollide((point) => point.r + 5))
    .stop()
    .tick(TICKS);
  return fitted(points, width, height);
}

// The strongest ties of each node, as long as there are BACKBONE of them.
function pulling(strongest) {
  const taken = new Map();
  return strongest.filter(({ a, b }) => {
    const [n, m] = [taken.get(a) ?? 0, taken.get(b) ?? 0];
    if (n >= BACKBONE && m >= BACKBONE) return false;
    taken.set(a, n + 1);
    taken.set(b, m + 1);
    return true;
  });
}

// Fills the frame. Half of a place is where the forces put it, half its rank among all: so the dense middle gets the room
// that a few outliers would keep empty. Discs that then lie on each other are moved apart.
function fitted(points, width, height) {
  const margin = Math.min(46, width / 10);
  for (const [axis, size] of [["x", width], ["y", height]]) {
    const ordered = [...points].sort((a, b) => a[axis] - b[axis]).map((point) => [point, point[axis]]);
    const [low, high] = [ordered[0][1], ordered.at(-1)[1]];
    ordered.forEach(([point, value], rank) => {
      const share = high > low ? ((value - low) / (high - low) + rank / (ordered.length - 1)) / 2 : 0.5;
      point[axis] = margin + share * (size - 2 * margin);
    });
  }
  forceSimulation(points.map((point) => Object.assign(point, { vx: 0, vy: 0 })))
    .force("collide", forceCollide((point) => point.r + 4)).alphaDecay(0).stop().tick(APART);
  const inside = (value, r, size) => Math.max(r + 2, Math.min(size - r - 2, value));
  return new Map(points.map(({ id, x, y, r }) => [id, { x: inside(x, r, width), y: inside(y, r, height), r }]));
}

// Which labels can be written without lying on each other, on a disc, or over the frame's edge and the boxes `taken`:
// [{ id, text, x, y }], x and y the start of the baseline. `discs` are { id, x, y, r, text } with the most important first;
// `measure(text)` gives a width. A large disc that finds no room otherwise may write over smaller ones.
export function labels(discs, measure, width, height, taken = []) {
  const written = [...taken];
  const found = [];
  const large = LARGE * Math.max(...discs.map((disc) => disc.r));
  for (const disc of discs) {
    const free = boxesOf(disc, measure(disc.text)).filter((box) => box.left > 0 && box.right < width && box.top > 0 && box.bottom < height
      && !written.some((other) => meet(box, other)));
    const clear = (box, least) => !discs.some((other) => other !== disc && other.r >= least && covers(other, box));
    const box = free.find((one) => clear(one, 0)) ?? (disc.r >= large ? free.find((one) => clear(one, 0.75 * disc.r)) : undefined);
    if (!box) continue;
    written.push(box);
    found.push({ id: disc.id, text: disc.text, x: box.left, y: box.bottom - 3 });
  }
  return found;
}

const LARGE = 0.45; // of the largest radius
const LINE = 14; // pixels of a line of a label

// Right of the disc, left of it, above and below: the places that are tried.
function boxesOf({ x, y, r }, length) {
  const at = (left, top) => ({ left, right: left + length, top, bottom: top + LINE });
  return [at(x + r + 3, y - LINE / 2), at(x - r - 3 - length, y - LINE / 2), at(x - length / 2, y - r - 2 - LINE), at(x - length / 2, y + r + 2)];
}

const meet = (a, b) => a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom && b.top < a.bottom;

function covers({ x, y, r }, box) {
  const [dx, dy] = [Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom)];
  return dx * dx + dy * dy < (r * 0.8) ** 2;
}

// The id of the disc that one comes to from (x, y) with an arrow key: the nearest in that direction, or null.
export function towards(discs, from, key) {
  const [ux, uy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  let best = null;
  for (const { id, x, y } of discs) {
    const [dx, dy] = [x - from.x, y - from.y];
    const along = dx * ux + dy * uy;
    if (along <= 1) continue;
    const cost = along + 2.5 * Math.abs(dx * uy - dy * ux);
    if (!best || cost < best.cost) best = { id, cost };
  }
  return best?.id ?? null;
}
