// Mending a mention: choose what is wrong, say what is right, and see what was mended before.

import { send } from "./api.js";
import { History } from "./corrections.js";
import { html, useId, useState } from "./preact.js";
import { useKept, useLoad, useStore } from "./state.js";
import { offsets } from "./text.js";
import { Field, Problem } from "./ui.js";

const CHOICES = [
  ["wrong", "It tells no such deed"], ["deed", "The deed"], ["status", "Whether it happened"],
  ["sources", "Who did it"], ["targets", "To whom"], ["when", "When"], ["where", "Where"],
  ["claimants", "According to whom"],
];

// `report`, where it is at hand, is searched for words that are not in the sentence. `onChange()` after each change.
export function Correct({ mention, report, onChange }) {
  const id = `${mention.mention_id}`;
  const history = useLoad("/api/corrections", { mention_id: id });
  const [open, setOpen] = useState(false);
  const changed = () => {
    history.again();
    onChange();
  };
  const made = history.data?.corrections ?? [];
  return html`<section class="correct" aria-label="Corrections">
    ${!open && html`<button type="button" onClick=${() => setOpen(true)}>Correct this</button>`}
    ${open && html`<${Form} mention=${mention} report=${report} onDone=${() => { setOpen(false); changed(); }}
      onCancel=${() => setOpen(false)} />`}
    ${history.error && html`<${Problem} error=${history.error} again=${history.again} />`}
    ${made.length > 0 && html`<h3>Corrected before</h3><${History} corrections=${made} onChange=${changed} />`}
  </section>`;
}

function Form({ mention, report, onDone, onCancel }) {
  const [field, setField] = useState("deed");
  const [draft, setDraft] = useState({});
  const [note, setNote] = useState("");
  const [by, setBy] = useKept("by", "");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const Part = PARTS[field];
  const values = { ...startOf(field, mention), ...draft };
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const value = valueOf(field, values, mention, report);
      const body = { mention_id: mention.mention_id, field, value, note: note.trim() || null, by: by.trim() };
      await send("POST", "/api/corrections", body);
      onDone();
    } catch (refused) {
      setProblem(refused);
      setBusy(false);
    }
  };
  const onKeyDown = (event) => event.key === "Escape" && onCancel();
  return html`<form class="correct-form" onSubmit=${submit} onKeyDown=${onKeyDown} aria-label="Correct this mention">
    <${Field} label="What is wrong">${(id) => html`<select id=${id} value=${field} autofocus
      onChange=${(e) => { setField(e.target.value); setDraft({}); setProblem(null); }}>
      ${CHOICES.map(([value, words]) => html`<option value=${value}
        selected=${value === field}>${words}</option>`)}</select>`}<//>
    <${Part} field=${field} values=${values} set=${(change) => setDraft({ ...draft, ...change })} />
    <${Field} label="Why (may be left out)">${(id) => html`<input id=${id} type="text" value=${note} maxlength="2000"
      onInput=${(e) => setNote(e.target.value)} />`}<//>
    <${Field} label="Your name">${(id) => html`<input id=${id} type="text" value=${by} required maxlength="200"
      autocomplete="name" onInput=${(e) => setBy(e.target.value)} />`}<//>
    ${problem && html`<${Problem} error=${problem} />`}
    <div class="button-row"><button class="primary"
      disabled=${busy}>${busy ? "Saving…" : "Save the correction"}</button>
      <button type="button" onClick=${onCancel}>Cancel</button></div>
  </form>`;
}

// What a form for a field starts from: the mention as it is. ----------------------------------------------------------

function startOf(field, mention) {
  if (field === "deed") return { deed: mention.deed, modes: mention.modes.join(" ") };
  if (field === "status") return { status: mention.status };
  if (field === "when") {
    const told = mention.when?.basis === "stated" ? mention.when : null;
    return { none: !told, start: told?.start ?? "", end: told?.end ?? "", words: told?.span?.text ?? "" };
  }
  if (field === "where") {
    const { where } = mention;
    return { none: !where, words: where?.span.text ?? "", country: where?.country ?? "" };
  }
  if (field === "wrong") return {};
  return { actors: mention[field].map((actor) => ({ ...actor, sectors: actor.sectors.join(" ") })) };
}

// The value that the server takes. Throws Error, with a sentence, where words are not in the report.
function valueOf(field, values, mention, report) {
  const span = (words) => found(words, mention, report);
  if (field === "wrong") return true;
  if (field === "deed") return { deed: values.deed, modes: listed(values.modes) };
  if (field === "status") return values.status;
  if (field === "when") {
    const [start, end] = [values.start || null, values.end || values.start || null];
    return values.none ? null : { start, end, span: span(values.words) };
  }
  if (field === "where") {
    return values.none ? null : { span: span(values.words), country: values.country.trim() || null };
  }
  return values.actors.map((actor) => actorOf(actor, mention[field], span));
}

const listed = (words) => words.split(/[\s,/]+/).filter(Boolean);

// An actor as the form has it; one that was not touched keeps its identity.
function actorOf(actor, before, span) {
  const sectors = listed(actor.sectors);
  const same = before.find((one) => one.start === actor.start && one.text === actor.text);
  if (!same) return { ...span(actor.text), country: actor.country.trim() || "---", sectors };
  const { start, end, text, name } = same;
  const untouched = same.country === actor.country && same.sectors.join(" ") === sectors.join(" ");
  const country = actor.country.trim() || "---";
  return { start, end, text, name, country, sectors, actor_id: untouched ? same.actor_id : null };
}

// Where words stand: in the sentence, else at the place of the report that is nearest to the deed.
function found(words, mention, report) {
  const text = words.trim();
  if (!text) throw new Error("Give the words of the report that tell it.");
  const { sentence } = mention;
  const inside = sentence.text.indexOf(text);
  const length = offsets(text).point(text.length);
  if (inside >= 0) {
    const start = sentence.start + offsets(sentence.text).point(inside);
    return { start, end: start + length, text };
  }
  const start = report && nearest(report.text, text, mention.trigger.start);
  if (start === undefined) {
    throw new Error(`“${text}” is not in the ${report ? "report" : "sentence"}: give words as they stand there.`);
  }
  return { start, end: start + length, text };
}

function nearest(whole, text, from) {
  const { point } = offsets(whole);
  let best;
  for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + 1)) {
    const start = point(at);
    if (best === undefined || Math.abs(start - from) < Math.abs(best - from)) best = start;
  }
  return best;
}

// Forms for each field. -----------------------------------------------------------------------------------------------

const WrongPart = () => html`<p
  class="hint">The mention is taken out of every view and every count. The correction can be withdrawn.</p>`;

function DeedPart({ values, set }) {
  const store = useStore();
  return html`<${Select} label="Deed" value=${values.deed} options=${store.deeds}
    onPick=${(deed) => set({ deed, modes: "" })} />
    <${Input} label="Modes" value=${values.modes} hint="as in “visit”; may be empty"
      onInput=${(modes) => set({ modes })} />`;
}

function StatusPart({ values, set }) {
  const store = useStore();
  return html`<${Select} label="Status" value=${values.status} options=${store.statuses}
    onPick=${(status) => set({ status })} />`;
}

function WhenPart({ values, set }) {
  const date = (label, name) => html`<${Field} label=${label}>${(id) => html`<input id=${id} type="date"
    value=${values[name]} onInput=${(e) => set({ [name]: e.target.value })} />`}<//>`;
  return html`<${None} words="The report tells no time" value=${values.none} set=${set} />
    ${!values.none && html`<div class="pair">${date("First day", "start")}${date("Last day", "end")}</div>
      <${Input} label="Words that tell it" value=${values.words} onInput=${(words) => set({ words })} />`}`;
}

function WherePart({ values, set }) {
  return html`<${None} words="The report tells no place" value=${values.none} set=${set} />
    ${!values.none && html`<${Input} label="Words that tell it" value=${values.words}
      onInput=${(words) => set({ words })} />
      <${Country} label="Country" value=${values.country} onInput=${(country) => set({ country })} />`}`;
}

function ActorsPart({ values, set }) {
  const { actors } = values;
  const change = (i, part) => set({ actors: actors.map((actor, j) => (i === j ? { ...actor, ...part } : actor)) });
  const nobody = { start: null, text: "", country: "", sectors: "" };
  return html`${actors.map((actor, i) => html`<fieldset class="actor-form"><legend>${`Actor ${i + 1}`}</legend>
      <${Input} label="Words of the report" value=${actor.text} onInput=${(text) => change(i, { text, start: null })} />
      <div class="pair"><${Country} label="Country" value=${actor.country}
        onInput=${(country) => change(i, { country })} />
        <${Input} label="Sectors" value=${actor.sectors} hint="as in GOV MIL"
          onInput=${(sectors) => change(i, { sectors: sectors.toUpperCase() })} /></div>
      <button type="button" class="plain"
        onClick=${() => set({ actors: actors.filter((_, j) => j !== i) })}>${`Remove actor ${i + 1}`}</button>
    </fieldset>`)}
    ${actors.length === 0 && html`<p class="hint">Nobody is told.</p>`}
    <button type="button"
      onClick=${() => set({ actors: [...actors, nobody] })}>Add an actor</button>`;
}

const PARTS = {
  wrong: WrongPart, deed: DeedPart, status: StatusPart, sources: ActorsPart, targets: ActorsPart, claimants: ActorsPart,
  when: WhenPart, where: WherePart,
};

const Input = ({ label, value, hint, onInput }) => html`<${Field} label=${label} hint=${hint}>${(id) => html`
  <input id=${id} type="text" value=${value} onInput=${(event) => onInput(event.target.value)} />`}<//>`;

const Select = ({ label, value, options, onPick }) => html`<${Field} label=${label}>${(id) => html`
  <select id=${id} value=${value} onChange=${(event) => onPick(event.target.value)}>
    ${options.map((option) => html`<option value=${option}
      selected=${option === value}>${option}</option>`)}</select>`}<//>`;

const None = ({ words, value, set }) => html`<label class="none"><input type="checkbox" checked=${value}
  onChange=${(event) => set({ none: event.target.checked })} /> ${words}</label>`;

// A country by its code, with the names of all to choose from.
function Country({ label, value, onInput }) {
  const store = useStore();
  const list = useId();
  return html`<${Field} label=${label}>${(id) => html`<input id=${id} type="text" list=${list} maxlength="3"
    value=${value}
      onInput=${(event) => onInput(event.target.value.toUpperCase())} />
    <datalist id=${list}>${Object.entries(store.countries).map(([code, name]) => html`<option
      value=${code}>${name}</option>`)}</datalist>`}<//>`;
}
