// What every view is made of. The larger pieces have files of their own and are passed on from here.

import { codes, deedName, quadName } from "./format.js";
import { html, useEffect, useId, useRef, useState } from "./preact.js";
import { go } from "./state.js";
import { Text, isWebAddress } from "./text.js";

export { Days } from "./days.js";
export { EventList, EventRow } from "./events.js";
export { FILTERS, FilterBar, filtersOf } from "./filters.js";
export { Legend, Marked, Quote } from "./marks.js";
export { Suggest } from "./suggest.js";
export { Text };

// Links. ------------------------------------------------------------------------------------------------------------

// A link within the desk: the page is not loaded anew. Clicks that ask for a new tab are left to the browser.
export function Link({ href, children, ...rest }) {
  const follow = (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  return html`<a href=${href} onClick=${follow} ...${rest}>${children}</a>`;
}

// A link to where a report was published; an address that is none of the web's is shown and leads nowhere.
export function Outside({ url, children }) {
  if (!isWebAddress(url)) return html`<span class="no-link"><${Text} text=${url} /></span>`;
  return html`<a class="outside" href=${url} rel="noreferrer noopener" target="_blank">${children ?? html`<${Text}
    text=${url} />`}</a>`;
}

export const reportLink = (report_id, mention_id) =>
  `/report/${encodeURIComponent(report_id)}${mention_id ? `?mention=${encodeURIComponent(mention_id)}` : ""}`;
export const eventLink = (event_id) => `/event/${encodeURIComponent(event_id)}`;
export const actorLink = (party) =>
  `/actor?id=${encodeURIComponent(party.actor_id ?? [party.country, ...party.sectors].join(" "))}`;

// Codes. ------------------------------------------------------------------------------------------------------------

export const Deed = ({ deed, modes, quad }) => html`<span class="deed">
  <span class="quad quad-${quad ?? 0}" role="img" aria-label=${quadName(quad)} title=${quadName(quad)}></span>
  <span class="deed-name">${deedName(deed, modes)}</span>
</span>`;

export const Status = ({ status }) => html`<span class="status status-${status}">${status}</span>`;

// An actor by name and codes, linked to what is known of it. A country that no word tells is "---", said to be unknown.
export function Party({ party, link = true }) {
  const unknown = party.country === "---" ? "country unknown" : undefined;
  const words = html`<${Text} text=${party.name} /> <span class="codes" title=${unknown}>${codes(party)}</span>`;
  return html`<span class="party">${link ? html`<${Link} href=${actorLink(party)}>${words}<//>` : words}</span>`;
}

// Several of them; `none` is written where there are none.
export function Parties({ parties, none = "not told", link = true }) {
  if (!parties.length) return html`<span class="unknown">${none}</span>`;
  return html`<span class="parties">${parties.map((party, i) => html`${i > 0 && "; "}<${Party} party=${party}
    link=${link} />`)}</span>`;
}

export function PlaceName({ where, none = "no place told" }) {
  if (!where) return html`<span class="unknown">${none}</span>`;
  const codes = [where.admin1, where.country].filter((part) => part && part !== where.name).join(", ");
  return html`<span class="place-name"><${Text} text=${where.name} />${codes && html` <span class="codes"><${Text}
    text=${codes} /></span>`}</span>`;
}

// A probability as a figure and a bar; what was imported without one says so.
export function Confidence({ value }) {
  if (value === null || value === undefined) return html`<span class="unknown">not told</span>`;
  return html`<span class="confidence" title="probability that deed, source and target are all right">
    <meter min="0" max="1" value=${value} aria-hidden="true"></meter> ${Math.round(value * 100)}%</span>`;
}

// States. -----------------------------------------------------------------------------------------------------------

// Holds the room of `lines` lines until there is something to show.
export const Loading = ({ what = "", lines = 6 }) => html`<div class="loading" role="status" data-lines=${lines}>
  <span class="visually-hidden">Loading ${what}…</span>
  ${Array.from({ length: lines }, () => html`<div class="loading-line"></div>`)}
</div>`;

// What went wrong, in the server's sentence.
export const Problem = ({ error, again }) => html`<div class="problem" role="alert">
  <p>${error.message}</p>
  ${again && html`<button type="button" onClick=${again}>Try again</button>`}
</div>`;

// Nothing to show: the children say what to do.
export const Empty = ({ children }) => html`<div class="empty">${children}</div>`;

// Tables and menus. -------------------------------------------------------------------------------------------------

// A table that scrolls within itself; on a narrow screen each row is a card. `columns`: { name, label, numeric,
// cell(row) }; without `cell`, row[name] is written as text. `caption` names it; `hidden` keeps the
// caption for those who listen.
export function Table({ caption, columns, rows, hidden = false, cards = true }) {
  const id = useId();
  const cell = (column, row) => (column.cell ? column.cell(row) : html`<${Text} text=${row[column.name] ?? ""} />`);
  return html`<div class="table-frame" role="region" aria-labelledby=${id} tabindex="0">
    <table class=${cards ? "cards" : ""}>
      <caption id=${id} class=${hidden ? "visually-hidden" : ""}>${caption}</caption>
      <thead><tr>${columns.map((c) => html`<th scope="col"
        class=${c.numeric ? "numeric" : ""}>${c.label}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${columns.map((column) => html`
        <td class=${column.numeric ? "numeric" : ""}
          data-label=${column.label}>${cell(column, row)}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}

// A button that opens a panel; Escape, or a click elsewhere, closes it. `children` may be a function of `close`.
export function Menu({ label, children, className = "" }) {
  const [open, setOpen] = useState(false);
  const frame = useRef(null);
  const button = useRef(null);
  const id = useId();
  const close = () => setOpen(false);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event) => frame.current.contains(event.target) || close();
    const escape = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
      button.current.focus();
    };
    document.addEventListener("pointerdown", outside);
    frame.current.addEventListener("keydown", escape);
    const node = frame.current;
    return () => {
      document.removeEventListener("pointerdown", outside);
      node.removeEventListener("keydown", escape);
    };
  }, [open]);
  return html`<div class="menu ${className}" ref=${frame}>
    <button type="button" ref=${button} aria-expanded=${open} aria-controls=${id}
      onClick=${() => setOpen(!open)}>${label}</button>
    <div class="menu-panel" id=${id}
      hidden=${!open}>${open && (typeof children === "function" ? children({ close }) : children)}</div>
  </div>`;
}

// A label and the control that it names: children is a function of the id that the control must have.
export function Field({ label, children, hint }) {
  const id = useId();
  return html`<div class="field"><label for=${id}>${label}</label>${children(id)}${hint && html`<span
    class="hint">${hint}</span>`}</div>`;
}

// Buttons of which one is chosen: `options` are [value, label].
export function Choice({ label, options, value, onPick }) {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(([option, words]) => html`<button type="button" aria-pressed=${option === value}
      onClick=${() => onPick(option)}>${words}</button>`)}
  </div>`;
}
