// What Observable Plot draws: reliability of forecasts, and columns of a query. Colours come from the style sheet.

import { plain } from "../lib/text.js";
import { barX, dot, line, lineY, plot, ruleX, ruleY } from "../vendor/plot.js";

const look = { className: "plot", style: { background: "transparent", color: "var(--ink)", fontFamily: "inherit", fontSize: "12px", overflow: "visible" } };

// Share that came true against forecast, a dot for each bin of a Score's table, larger for more forecasts.
export function reliability(table, size) {
  const percents = { domain: [0, 1], tickFormat: "%", ticks: 5, grid: true };
  return plot({
    ...look, width: size, height: Math.round(size * 0.8), marginLeft: 48, marginRight: 28, marginBottom: 40, r: { range: [3, 14] },
    x: { ...percents, label: "forecast" }, y: { ...percents, label: "came true" },
    marks: [
      line([[0, 0], [1, 1]], { stroke: "var(--faint)", strokeDasharray: "4 4" }),
      dot(table, { x: "mean", y: "share", r: "forecasts", fill: "var(--accent)", fillOpacity: 0.65, stroke: "var(--accent)" }),
    ],
  });
}

export const KINDS = [["bar", "Bars"], ["line", "Line"], ["dot", "Dots"]];

// Rows of a query (objects by column) as a plot of column y over column x; `types` tells how a column is drawn: "number",
// "time" or "text". Text over a number, or anything over text, is drawn as bars in the order of the rows.
export function columnsPlot(rows, { x, y, kind, types, width }) {
  const shown = rows.filter((row) => row[x] !== null && row[y] !== null);
  const lying = types[x] === "text" && kind === "bar";
  const scale = (name) => {
    if (types[name] !== "text") return { label: name, grid: types[name] === "number", type: types[name] === "time" ? "utc" : undefined };
    return { label: name, type: kind === "bar" ? "band" : "point", domain: [...new Set(shown.map((row) => row[name]))] };
  };
  const common = { ...look, width, marginLeft: lying ? Math.min(180, width / 3) : 56 };
  if (lying) {
    const names = [...new Set(shown.map((row) => row[x]))];
    return plot({
      ...common, height: Math.max(120, 60 + 22 * names.length), y: { ...scale(x), label: null, tickFormat: short }, x: scale(y), marginBottom: 40,
      marks: [barX(shown, { x: y, y: x, fill: "var(--accent)" }), ruleX([0], { stroke: "var(--faint)" })],
    });
  }
  return plot({
    ...common, height: 320, marginBottom: types[x] === "text" ? 60 : 44, marginRight: 28,
    x: { ...scale(x), tickFormat: types[x] === "text" ? short : undefined }, y: scale(y), marks: marksOf(shown, { x, y, kind, types }),
  });
}

function short(words) {
  const text = plain(String(words));
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

function marksOf(rows, { x, y, kind, types }) {
  const zero = types[y] === "number" ? [ruleY([0], { stroke: "var(--faint)" })] : [];
  if (kind === "line") return [...zero, lineY(rows, { x, y, stroke: "var(--accent)", strokeWidth: 1.75, sort: types[x] === "text" ? undefined : x })];
  if (kind === "dot") return [dot(rows, { x, y, fill: "var(--accent)", fillOpacity: 0.6, r: 3.5 })];
  return [ruleX(rows, { x, y1: 0, y2: y, stroke: "var(--accent)", strokeWidth: Math.max(1, Math.min(14, 500 / rows.length)) }), ...zero];
}
