// Corrections as they are listed: what was mended to what, by whom, and whether it still holds.

import { address, send } from "./api.js";
import { codes, deedName, interval } from "./format.js";
import { html, useState } from "./preact.js";
import { useKept } from "./state.js";
import { Field, Link, Problem, Text, reportLink } from "./ui.js";

const NAMES = {
  wrong: "marked wrong", deed: "deed", status: "status", sources: "source", targets: "target", when: "when",
  where: "where", claimants: "according to",
};
const STATES = {
  applied: "holds", superseded: "a later one holds", withdrawn: "withdrawn",
  "not applied": "not applied: its mention is no longer in the store",
};

// The value of a correction in words.
export function valueText(field, value) {
  if (field === "wrong") return "the report tells no such deed";
  if (field === "deed") return deedName(value.deed, value.modes);
  if (field === "status") return value;
  if (field === "when" && !value?.span) return "no time told";
  if (field === "when") return `${interval(value.start, value.end, value.precision)} “${value.span.text}”`;
  if (field === "where") return value ? [value.name, value.country].filter(Boolean).join(", ") : "no place told";
  return value.map((actor) => `${actor.name} (${codes(actor)})`).join("; ") || "not told";
}

// `places` tells the sentence and report of each. `onChange()` is called after one is withdrawn.
export function History({ corrections, onChange, places = false }) {
  const [problem, setProblem] = useState(null);
  const [by, setBy] = useKept("by", "");
  const withdraw = async ({ correction_id }) => {
    try {
      await send("DELETE", address(`/api/corrections/${encodeURIComponent(correction_id)}`, { by: by.trim() }));
      setProblem(null);
      onChange();
    } catch (refused) {
      setProblem(refused);
    }
  };
  const open = corrections.some(({ state }) => state !== "withdrawn");
  return html`${problem && html`<${Problem} error=${problem} />`}
    ${open && places && html`<${Field} label="Your name, for what you withdraw">${(id) => html`<input id=${id}
      type="text" value=${by} maxlength="200" autocomplete="name"
      onInput=${(event) => setBy(event.target.value)} />`}<//>`}
    <ol class="history">${corrections.map((one) => html`<li key=${one.correction_id}
      class=${one.state === "applied" ? "" : "past"}>
      <p class="history-change"><span class="history-field">${NAMES[one.field]}</span>
        ${one.was !== null && one.field !== "wrong" && html`${" "}<s><${Text}
          text=${valueText(one.field, one.was)} /></s> →`}
        ${" "}<strong><${Text} text=${valueText(one.field, one.value)} /></strong></p>
      ${places && one.sentence && html`<p class="history-sentence"><${Text} text=${one.sentence} /></p>`}
      ${one.note && html`<p>“<${Text} text=${one.note} />”</p>`}
      <p class="faint"><${Text} text=${one.by} />, <time
        datetime=${one.at}>${moment(one.at)}</time> · ${STATES[one.state]}${one.withdrawn_by && html` by <${Text}
        text=${one.withdrawn_by} />`}
        ${places && html` · <${Link} data-item="correction" href=${reportLink(one.report_id, one.mention_id)}><${Text}
          text=${one.title ?? `report ${one.report_id}`} /><//>`}
        ${one.state !== "withdrawn" && html` · <button type="button" class="plain"
          aria-label=${`Withdraw: ${NAMES[one.field]}, ${valueText(one.field, one.value)}`}
          onClick=${() => withdraw(one)}>Withdraw</button>`}</p>
    </li>`)}</ol>`;
}

// "2014-12-23 14:05", in the reader's time.
function moment(iso) {
  const at = new Date(iso);
  const two = (n) => String(n).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
