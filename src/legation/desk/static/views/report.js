// A report as published, with every deed marked where it is told, and what is coded of the one that is chosen.

import { day } from "../lib/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib/preact.js";
import { ROLES, pieces } from "../lib/marks.js";
import { MentionFacts, Why } from "../lib/mention.js";
import { setParams, useLoad, useTitle } from "../lib/state.js";
import { offsets, visible } from "../lib/text.js";
import { Legend, Link, Loading, Outside, Problem, Text, eventLink, reportLink } from "../lib/ui.js";
import { Correct } from "../lib/correct.js";

export const title = ({ id }) => `Report ${id}`;

export default function ReportView({ params, query }) {
  const { data, error, again } = useLoad(`/api/reports/${encodeURIComponent(params.id)}`);
  useTitle(data?.report.title ?? `Report ${params.id}`);
  if (error) return html`<h1>Report</h1><${Problem} error=${error} again=${again} />`;
  if (!data) return html`<h1>Report</h1><${Loading} what="the report" lines=${16} />`;
  return html`<${Page} answer=${data} chosen=${query.get("mention")} again=${again} />`;
}

function Page({ answer, chosen, again }) {
  const { report, mentions } = answer;
  const [hovered, setHovered] = useState(null);
  const shown = mentions.find((m) => m.mention_id === hovered) ?? mentions.find((m) => m.mention_id === chosen);
  const choose = (id) => setParams({ mention: id }, { replace: true });
  useArriveAtMark(chosen);
  return html`<${Head} answer=${answer} />
    <div class="report-columns">
      <div>
        <${Legend} />
        <${Body} answer=${answer} shown=${shown} chosen=${chosen} onChoose=${choose} onHover=${setHovered} />
      </div>
      <aside class="report-side" aria-label="The chosen mark">
        ${shown ? html`<${Side} mention=${shown} report=${report} again=${again} />` : html`<${Guide}
          n=${mentions.length} />`}
      </aside>
    </div>`;
}

function Head({ answer }) {
  const { report, duplicate_of, duplicate_kind } = answer;
  return html`<header class="report-head">
    <h1><${Text} text=${report.title ?? report.report_id} /></h1>
    <p class="faint"><${Text}
      text=${report.publisher ?? "publisher unknown"} /> ·
      ${report.published ? ` ${day(report.published)}` : " day of publication unknown"}
      ${report.language && report.language !== "en" && html` · language ${report.language}`}
      ${report.url && html` · <${Outside} url=${report.url} />`}</p>
    ${duplicate_of && html`<p
      class="notice">This text ${duplicate_kind === "exact" ? "is the same as" : "nearly repeats"} <${Link}
      href=${reportLink(duplicate_of)}>report <${Text} text=${duplicate_of} /><//>: it is no second witness.</p>`}
  </header>`;
}

const Guide = ({ n }) => (n === 0
  ? html`<p>No deed is told in this report.</p>`
  : html`<p>${n === 1 ? "One deed is" : `${n} deeds are`} marked in this text. Choose a mark to see who did
    what to whom, and why it is coded so.</p>
    <p class="faint"><kbd>j</kbd> and <kbd>k</kbd> go from mark to mark.</p>`);

const Side = ({ mention, report, again }) => html`<${MentionFacts} mention=${mention} />
  ${mention.event_id && html`<p><${Link}
    href=${eventLink(mention.event_id)}>The event, with all reports that tell it<//></p>`}
  <${Correct} key=${mention.mention_id} mention=${mention} report=${report} onChange=${again} />
  <${Why} mention=${mention} />`;

// On arrival with ?mention=…, its mark is brought into sight and gets the focus.
function useArriveAtMark(chosen) {
  const arrived = useRef(false);
  useEffect(() => {
    if (arrived.current || !chosen) return;
    arrived.current = true;
    const mark = document.querySelector(`.mark[data-mentions~="${CSS.escape(chosen)}"]`);
    mark?.scrollIntoView({ block: "center" });
    mark?.focus({ preventScroll: true });
  }, []);
}

// The text. ---------------------------------------------------------------------------------------------------------

const ROLE_FIELDS = [["source", "sources"], ["target", "targets"], ["claimant", "claimants"]];

// Spans of the roles of a mention, in browser offsets.
function rolesOf(mention, unit) {
  const spans = ROLE_FIELDS.flatMap(([role, field]) => mention[field].map(({ start, end }) => ({ role, start, end })));
  if (mention.when?.span) spans.push({ role: "time", ...mention.when.span });
  if (mention.where) spans.push({ role: "place", ...mention.where.span });
  return spans.map(({ role, start, end }) => ({ kind: "role", role, start: unit(start), end: unit(end) }));
}

function Body({ answer, shown, chosen, onChoose, onHover }) {
  const { report, mentions, cleaned } = answer;
  const unit = useMemo(() => offsets(report.text).unit, [report.text]);
  const fixed = useMemo(() => [
    ...mentions.map((mention) => {
      const { start, end } = mention.trigger;
      return { kind: "mark", mention, start: unit(start), end: unit(end) };
    }),
    ...cleaned.map(({ start, end, reason }) => ({ kind: "cleaned", reason, start: unit(start), end: unit(end) })),
  ], [answer]);
  const cut = useMemo(() => {
    if (!shown) return pieces(report.text.length, fixed);
    const { start, end } = shown.sentence;
    const sentence = { kind: "sentence", start: unit(start), end: unit(end) };
    return pieces(report.text.length, [...fixed, sentence, ...rolesOf(shown, unit)]);
  }, [fixed, shown]);
  // The key keeps the element of a mark, and so its focus, when the roles of the one that is chosen cut the text anew.
  return html`<article class="report-text" dir="auto" lang=${report.language ?? undefined}>${cut.map((piece) => html`
    <${Piece} key=${piece.start} ...${piece} text=${report.text} shown=${shown} chosen=${chosen} onChoose=${onChoose}
      onHover=${onHover} />`)}</article>`;
}

function Piece({ text, start, end, spans, shown, chosen, onChoose, onHover }) {
  const words = visible(text.slice(start, end));
  if (!spans.length) return words;
  const of = (kind) => spans.filter((span) => span.kind === kind);
  const [marks, roles, [cleaned], [sentence]] = [of("mark"), of("role"), of("cleaned"), of("sentence")];
  const names = [...new Set(roles.map(({ role }) => role))];
  const labels = [...new Set(roles.filter((span) => span.start === start).map(({ role }) => ROLES[role]))];
  const looks = [sentence && "sentence", cleaned && "cleaned", ...names.map((role) => `role role-${role}`)];
  const look = looks.filter(Boolean).join(" ");
  const inner = html`${labels.length > 0 && html`<span class="above" aria-hidden="true"
    data-label=${labels.join(", ")}></span>`}${words}`;
  const reason = cleaned?.start === start ? cleaned.reason : undefined;
  if (!marks.length) return html`<span class=${look} data-reason=${reason}>${inner}</span>`;
  return html`<${Mark} marks=${marks} first=${marks.some((mark) => mark.start === start)}
    words=${text.slice(start, end)} look=${look} shown=${shown}
    chosen=${chosen} onChoose=${onChoose} onHover=${onHover}>${inner}<//>`;
}

const isWrong = (mention) => mention.corrected.includes("wrong");

// A trigger. Where several deeds are told by the same words, choosing it again goes on to the next.
function Mark({ marks, first, words, look, shown, chosen, onChoose, onHover, children }) {
  const ids = marks.map((mark) => mark.mention.mention_id);
  const at = ids.indexOf(chosen);
  const current = shown && ids.includes(shown.mention_id);
  const wrong = marks.every(({ mention }) => isWrong(mention));
  const told = marks.map(({ mention }) => `${mention.deed}, ${isWrong(mention) ? "marked wrong" : mention.status}`);
  const choose = () => onChoose(ids[(at + 1) % ids.length]);
  const onKeyDown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  };
  const label = `${words}: ${told.join("; ")}`;
  const button = { tabIndex: 0, role: "button", "data-item": "mark", "aria-pressed": at !== -1, "aria-label": label };
  return html`<span class="mark ${current ? "current" : ""} ${wrong ? "wrong" : ""} ${look}"
    data-mentions=${ids.join(" ")} data-count=${ids.length > 1 && first ? ids.length : undefined}
    ...${first ? button : {}}
    onClick=${choose} onKeyDown=${onKeyDown} onFocus=${() => at === -1 && onChoose(ids[0])}
    onMouseEnter=${() => onHover(ids[Math.max(at, 0)])} onMouseLeave=${() => onHover(null)}>${children}</span>`;
}
