// What happened, by day, the newest first; or the reports that say it.

import { get, send } from "../lib/api.js";
import { count, day, number } from "../lib/format.js";
import { html, useEffect, useRef, useState } from "../lib/preact.js";
import { usePages } from "../lib/pages.js";
import { queryWith, setParams, useLoad, useQuery, useStore } from "../lib/state.js";
import {
  Choice, Empty, EventList, Field, FilterBar, Legend, Link, Loading, Menu, Problem, Text, filtersOf, reportLink,
} from "../lib/ui.js";
import { Strip } from "../lib/strip.js";

export const title = () => "Today";

const SORTS = [["day", "newest first"], ["reports", "most reported first"], ["confidence", "surest first"]];
const REPORT_FILTERS = ["q", "publisher", "since", "until"]; // what the search over reports can use

export default function Today({ query }) {
  const store = useStore();
  const shown = query.get("show") === "reports" ? "reports" : "events";
  return html`<div class="page-head">
      <h1>What happened</h1>
      <p class="faint">${store.loaded && sizeOf(store)}</p>
    </div>
    <${FilterBar} only=${shown === "reports" ? REPORT_FILTERS : undefined}><${SavedViews} /><//>
    ${shown === "events" ? html`<${Strip} />` : null}
    ${shown === "events" ? html`<${Events} query=${query} />` : html`<${Reports} query=${query} />`}`;
}

function sizeOf({ events, reports, first_day, last_day }) {
  const days = first_day ? `, ${day(first_day)} to ${day(last_day)}` : "";
  return `${count(events, "event")} in ${count(reports, "report")}${days}`;
}

const Tabs = ({ shown }) => html`<${Choice} label="Show" options=${[["events", "Events"], ["reports", "Reports"]]}
  value=${shown}
  onPick=${(value) => setParams({ show: value === "events" ? null : value })} />`;

const totalOf = (list, noun) => list.total !== undefined && (list.loading ? "counting…" : count(list.total, noun));

// Events. -----------------------------------------------------------------------------------------------------------

function Events({ query }) {
  const sort = query.get("sort") ?? "day";
  const params = filtersOf(query);
  if (sort !== "day") params.set("sort", sort);
  const list = usePages("/api/events", params, "events");
  return html`<div class="list-head">
      <${Tabs} shown="events" />
      <p class="list-count"
        aria-live="polite">${totalOf(list, "event")}</p>
      <${Legend} />
      <${SortBy} value=${sort} />
    </div>
    <${News} params=${params} list=${list} />
    ${list.error && html`<${Problem} error=${list.error} again=${list.again} />`}
    <div aria-busy=${list.loading} class="list-body">
      ${!list.rows && !list.error && html`<${Loading} what="events" lines=${14} />`}
      ${list.rows?.length === 0 && !list.loading && html`<${NoEvents} />`}
      ${list.rows?.length > 0 && html`<${EventList} events=${list.rows} byDay=${sort === "day"} />`}
    </div>
    <${More} list=${list} noun="event" />`;
}

const SortBy = ({ value }) => html`<${Field} label="Order">${(id) => html`
  <select id=${id} value=${value}
    onChange=${(event) => setParams({ sort: event.target.value === "day" ? null : event.target.value })}>
    ${SORTS.map(([name, words]) => html`<option value=${name} selected=${name === value}>${words}</option>`)}
  </select>`}<//>`;

const More = ({ list, noun }) => list.next && html`<p class="more"><button type="button" disabled=${list.busy}
  onClick=${list.more}>
  ${list.busy ? "Loading…" : "Show more"}</button> <span
    class="faint">${number(list.rows.length)} of ${count(list.total, noun)}</span></p>`;

function NoEvents() {
  const store = useStore();
  if (store.loaded && store.events === 0) {
    return html`<${Empty}><p>This store holds no events yet.</p>
      <p>Code reports into it: <code>legation run SOURCES --store DIR</code>.
        They appear here as they are coded.</p><//>`;
  }
  return html`<${Empty}><p>No event passes these filters.</p><p>Take one out above, or widen the days.</p><//>`;
}

// Says quietly that a run has written more; what is being read stays where it is until the reader asks.
function News({ params, list }) {
  const store = useStore();
  const [news, setNews] = useState(null);
  const read = useRef({ answer: undefined, version: undefined });
  useEffect(() => {
    if (!list.answer || list.loading) return;
    if (read.current.answer !== list.answer) {
      read.current = { answer: list.answer, version: store.version };
      setNews(null);
    }
  }, [list.answer, list.loading]);
  useEffect(() => {
    const { answer, version } = read.current;
    if (!answer || version === store.version) return undefined;
    if (version === null) {
      read.current.version = store.version; // the list was there before the first word of the store
      return undefined;
    }
    const controller = new AbortController();
    const query = new URLSearchParams(params);
    query.set("limit", 1);
    get("/api/events", query, { signal: controller.signal }).then(
      (now) => setNews(now.total - answer.total),
      (error) => error.name === "AbortError" || setNews(0),
    );
    return () => controller.abort();
  }, [store.version]);
  const show = () => {
    setNews(null);
    list.again();
    scrollTo(0, 0);
  };
  return html`<div class="news"
    role="status">${news !== null && html`
    <span>${news > 0 ? count(news, "new event") : "The events have changed"}</span>
    <button type="button" onClick=${show}>Show</button>`}</div>`;
}

// Reports. ----------------------------------------------------------------------------------------------------------

function Reports({ query }) {
  const params = new URLSearchParams([...filtersOf(query)].filter(([name]) => REPORT_FILTERS.includes(name)));
  const list = usePages("/api/reports", params, "reports");
  return html`<div class="list-head">
      <${Tabs} shown="reports" />
      <p class="list-count"
        aria-live="polite">${totalOf(list, "report")}</p>
    </div>
    ${list.error && html`<${Problem} error=${list.error} again=${list.again} />`}
    <div aria-busy=${list.loading} class="list-body">
      ${!list.rows && !list.error && html`<${Loading} what="reports" lines=${14} />`}
      ${list.rows?.length === 0 && !list.loading && html`<${Empty}><p>No report says this.</p>
        <p>Try fewer or other words: all of them must be in the report.</p><//>`}
      <ol class="report-list">${list.rows?.map((report) => html`<${Found} key=${report.report_id}
        report=${report} />`)}</ol>
    </div>
    <${More} list=${list} noun="report" />`;
}

const Found = ({ report }) => html`<li>
  <${Link} href=${reportLink(report.report_id)} data-item="report" class="report-title"><${Text}
    text=${report.title ?? report.report_id} /><//>
  <span class="faint"><${Text} text=${report.publisher ?? "publisher unknown"} /> · ${day(report.published)}</span>
  <p class="snippet" dir="auto">${report.snippet.map(({ text, hit }) => (hit ? html`<mark><${Text}
    text=${text} /></mark>` : html`<${Text} text=${text} />`))}</p>
</li>`;

// Saved views. ------------------------------------------------------------------------------------------------------

function SavedViews() {
  return html`<${Menu} label="Saved views" className="views-menu"><${SavedPanel} /><//>`;
}

function SavedPanel() {
  const { data, error, again } = useLoad("/api/views");
  const [query] = useQuery();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState(null);
  const here = location.pathname + queryWith({}, query.toString());
  const attempt = async (...request) => {
    try {
      await send(...request);
      setProblem(null);
      again();
    } catch (refused) {
      setProblem(refused);
    }
  };
  const save = async () => {
    if (!name.trim()) return;
    await attempt("PUT", `/api/views/${encodeURIComponent(name.trim())}`, { url: here });
    setName("");
  };
  return html`${(error ?? problem) && html`<${Problem} error=${error ?? problem} />`}
    ${data?.views.length === 0 && html`<p class="faint">None yet. Set filters, then save them under a name.</p>`}
    <ul class="saved">${data?.views.map((view) => html`<li>
      <${Link} href=${view.url} aria-current=${view.url === here ? "true" : undefined}><${Text} text=${view.name} /><//>
      <button type="button" class="plain" aria-label=${`Delete the view ${view.name}`}
        onClick=${() => attempt("DELETE", `/api/views/${encodeURIComponent(view.name)}`)}>Delete</button>
    </li>`)}</ul>
    <div class="save-row">
      <${Field} label="Save what is shown now as">${(id) => html`<input id=${id} type="text" value=${name}
        maxlength="80"
        onInput=${(event) => setName(event.target.value)}
          onKeyDown=${(event) => event.key === "Enter" && save()} />`}<//>
      <button type="button" onClick=${save} disabled=${!name.trim()}>Save</button>
    </div>`;
}
