// Read-only SQL over the store's views: a table, a plot of chosen columns, a download.

import { send } from "../lib/api.js";
import { count, number } from "../lib/format.js";
import { html, useMemo, useRef, useState } from "../lib/preact.js";
import { go, queryWith } from "../lib/state.js";
import { Choice, Field, Problem, Text } from "../lib/ui.js";
import { Figure } from "../parts/figure.js";
import { KINDS, columnsPlot } from "../parts/plots.js";

export const title = () => "Query";

const SHOWN = 1000; // rows asked for the page; a download has all
const PLOTTED = 500;
const LONGEST_URL = 4000; // characters of SQL that are kept in the address

const EXAMPLES = [
  ["Deeds by month", `SELECT date_trunc('month', start) AS month, count(*) AS events
FROM events
WHERE status = 'actual' AND start IS NOT NULL
GROUP BY month
ORDER BY month`],
  ["Who acts on whom", `SELECT source_country, target_country, count(DISTINCT event_id) AS events,
  round(avg(goldstein), 2) AS intensity
FROM dyads
WHERE target_country IS NOT NULL
GROUP BY ALL
ORDER BY events DESC
LIMIT 50`],
  ["Deeds by status", `SELECT deed, status, count(*) AS events
FROM events
GROUP BY ALL
ORDER BY deed, status`],
  ["What publishers tell", `SELECT publisher, count(*) AS reports, min(published) AS first, max(published) AS last
FROM reports
GROUP BY publisher
ORDER BY reports DESC`],
  ["Where reports disagree", `SELECT event_id, deed, told.field, list_transform(told.versions, version -> version.value) AS told
FROM (SELECT *, unnest(disagreements) AS told FROM events)
ORDER BY event_id`],
  ["Columns of a view", "DESCRIBE events"],
];

export default function Query({ query }) {
  const [sql, setSql] = useState(query.get("sql") ?? EXAMPLES[0][1]);
  const [state, setState] = useState({ result: null, error: null, busy: false, of: null });
  const latest = useRef(0);
  const run = async () => {
    if (!sql.trim()) return;
    const turn = ++latest.current;
    if (sql.length <= LONGEST_URL) go(`/query${queryWith({ sql })}`, { replace: true });
    setState((before) => ({ ...before, busy: true, error: null }));
    const set = (found) => turn === latest.current && setState({ result: null, error: null, busy: false, of: sql, ...found });
    try {
      set({ result: await send("POST", "/api/query", { sql, limit: SHOWN }) });
    } catch (error) {
      set({ error });
    }
  };
  const onKey = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run();
  };
  const lines = Math.max(5, Math.min(16, sql.split("\n").length + 1));
  return html`<div class="page-head"><h1>Query</h1>
      <p class="faint">One SELECT over reports, mentions, events, dyads, rejects and corrections, in DuckDB's SQL. It can only read, for ten seconds at most.</p></div>
    <div class="query-examples" role="group" aria-label="Examples">
      ${EXAMPLES.map(([name, text]) => html`<button type="button" class="plain" onClick=${() => setSql(text)}>${name}</button>`)}</div>
    <div class="sql-field"><${Field} label="SQL">${(id) => html`
      <textarea id=${id} class="sql" rows=${lines} spellcheck=${false} autocapitalize="off" value=${sql}
      onInput=${(event) => setSql(event.target.value)} onKeyDown=${onKey}></textarea>`}<//></div>
    <div class="query-run"><button type="button" class="primary" onClick=${run} disabled=${state.busy || !sql.trim()}>${state.busy ? "Running…" : "Run"}</button>
      <span class="hint">or Ctrl Enter</span>
      <${Downloads} sql=${sql} />
      <span class="query-told" role="status">${state.result && told(state.result)}</span></div>
    ${state.error && html`<div class="sql-problem"><${Problem} error=${state.error} /></div>`}
    ${state.result && html`<${Result} key=${state.of} result=${state.result} />`}`;
}

function told({ rows, truncated, seconds }) {
  return `${truncated ? `the first ${count(rows.length, "row")}; a download has more` : count(rows.length, "row")}, ${seconds < 0.1 ? "under 0.1" : seconds.toFixed(1)} s`;
}

// Downloads come by POST, which no link can do: the file is taken from the answer.
function Downloads({ sql }) {
  const [busy, setBusy] = useState(null);
  const [error, setError] = useState(null);
  const save = async (form) => {
    setBusy(form);
    setError(null);
    try {
      const response = await fetch(`/api/query/${form}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ sql }) });
      if (!response.ok) throw new Error((await response.json()).error);
      hand(await response.blob(), `query.${form}`);
    } catch (problem) {
      setError(problem);
    }
    setBusy(null);
  };
  return html`${["csv", "parquet"].map((form) => html`<button type="button" disabled=${busy !== null || !sql.trim()} onClick=${() => save(form)}>
    ${busy === form ? "Writing…" : form === "csv" ? "Download CSV" : "Download Parquet"}</button>`)}
    ${error && html`<${Problem} error=${error} />`}`;
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// The table and the plot. -------------------------------------------------------------------------------------------

function Result({ result }) {
  const [shown, setShown] = useState("table");
  if (!result.rows.length) return html`<p class="empty">The query has no rows. Its columns are ${result.columns.map((column) => column.name).join(", ")}.</p>`;
  return html`<section aria-label="Result">
    <${Choice} label="Show" options=${[["table", "Table"], ["plot", "Plot"]]} value=${shown} onPick=${setShown} />
    ${shown === "table" ? html`<${Rows} result=${result} />` : html`<${PlotOf} result=${result} />`}</section>`;
}

const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|REAL|DECIMAL)/i;
const TIMES = /^(DATE|TIMESTAMP)/i;
const typeOf = ({ type }) => (/\[|STRUCT|MAP/i.test(type) ? "text" : NUMBERS.test(type) ? "number" : TIMES.test(type) ? "time" : "text");

function cellText(value) {
  if (value === null) return html`<span class="unknown">null</span>`;
  return html`<${Text} text=${typeof value === "object" ? JSON.stringify(value) : String(value)} />`;
}

function Rows({ result: { columns, rows } }) {
  const kinds = columns.map(typeOf);
  return html`<div class="table-frame query-rows" role="region" aria-label="Rows" tabindex="0"><table>
    <thead><tr>${columns.map((column, i) => html`<th scope="col" class=${kinds[i] === "number" ? "numeric" : ""}>
      <${Text} text=${column.name} /><br /><span class="codes">${column.type.length > 28 ? `${column.type.slice(0, 27)}…` : column.type}</span></th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((value, i) => html`<td class=${kinds[i] === "number" ? "numeric" : ""}>${cellText(value)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function PlotOf({ result: { columns, rows } }) {
  const types = useMemo(() => Object.fromEntries(columns.map((column) => [column.name, typeOf(column)])), [columns]);
  const names = columns.map((column) => column.name);
  const numbers = names.filter((name) => types[name] === "number");
  const [y, setY] = useState(numbers.find((name) => name !== names[0]) ?? numbers[0] ?? null);
  const [x, setX] = useState(names.find((name) => name !== y && types[name] === "time") ?? names.find((name) => name !== y) ?? names[0]);
  const [kind, setKind] = useState(types[x] === "time" ? "line" : "bar");
  if (!numbers.length) return html`<p class="empty">No column is a number, so there is nothing to plot. Count or average something.</p>`;
  const data = rows.slice(0, PLOTTED).map((row) => Object.fromEntries(names.map((name, i) => [name, valueOf(row[i], types[name])])));
  const pick = (label, value, set, from) => html`<${Field} label=${label}>${(id) => html`<select id=${id} value=${value} onChange=${(event) => set(event.target.value)}>
    ${from.map((name) => html`<option value=${name} selected=${name === value}>${name}</option>`)}</select>`}<//>`;
  return html`<div class="controls">${pick("Across", x, setX, names)} ${pick("Up", y, setY, numbers)}
      <${Choice} label="Drawn as" options=${KINDS} value=${kind} onPick=${setKind} /></div>
    ${rows.length > PLOTTED && html`<p class="faint">The first ${number(PLOTTED)} rows are drawn.</p>`}
    <${Figure} height=${320} inputs=${[data.length, x, y, kind]} label=${`${y} by ${x}: the same is in the table`}
      draw=${(width) => columnsPlot(data, { x, y, kind, types, width })} />`;
}

function valueOf(value, type) {
  if (value === null) return null;
  if (type === "time") return new Date(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value);
  if (type === "number") return Number.isFinite(Number(value)) ? Number(value) : null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
