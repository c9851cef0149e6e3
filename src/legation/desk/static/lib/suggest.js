// A text field that suggests: actors, places and publishers of the store, and whatever its owner adds.

import { get } from "./api.js";
import { html, useEffect, useId, useRef, useState } from "./preact.js";
import { number } from "./format.js";
import { Text } from "./text.js";

const MOST = 12;
const NONE = { suggestions: [], problem: null };
const PAUSE = 120; // milliseconds without a keystroke before the server is asked

// What stands beside a suggestion: "country · 152".
function kindOf({ kind, n }) {
  const name = kind === "quad" ? "class" : kind;
  return n === undefined || n === null ? name : `${name} · ${number(n)}`;
}

// `kinds`: which to ask the server for, of "actor", "place", "publisher". `local(text)` gives further suggestions
// { value, label, kind, n } that come first. `onPick(suggestion)` is told the chosen one, with the kind it was `asked`
// for; `onText(text)`, where given, that Enter was pressed on the words themselves: else it takes the first. `keep`
// leaves the picked label in the field.
export function Suggest({
  label, kinds, local, onPick, onText, placeholder, value = "", keep = false, hideLabel = false, inputRef,
}) {
  const [text, setText] = useState(value);
  const [found, setFound] = useState(NONE);
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const id = useId();
  const own = useRef(null);
  const input = inputRef ?? own;
  const words = text.trim();
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (!open || !words) {
      setFound(NONE);
      return undefined;
    }
    const controller = new AbortController();
    const timer = setTimeout(async () => {
      const answer = await ask(words, kinds, controller.signal);
      if (answer) setFound(answer);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [words, open, kinds.join()]);
  const options = open && words ? [...(local?.(words) ?? []), ...found.suggestions] : [];

  const pick = (option) => {
    setText(keep ? option.label : "");
    setOpen(false);
    setAt(-1);
    onPick(option);
  };
  const enter = () => {
    if (options[at]) pick(options[at]);
    else if (onText && words) {
      setText("");
      setOpen(false);
      onText(words);
    } else if (options[0]) pick(options[0]);
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setOpen(true);
      setAt(((at + 1 + step + options.length + 1) % (options.length + 1)) - 1); // -1 is the field itself
    } else if (event.key === "Enter") {
      event.preventDefault();
      enter();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (open && options.length) setOpen(false);
      else input.current.blur();
    }
  };
  return html`<div class="suggest">
    <label for=${id} class=${hideLabel ? "visually-hidden" : ""}>${label}</label>
    <input id=${id} ref=${input} type="text" role="combobox" autocomplete="off" spellcheck=${false} value=${text}
      placeholder=${placeholder}
      aria-autocomplete="list" aria-expanded=${options.length > 0} aria-controls="${id}-list"
      aria-activedescendant=${options[at] ? `${id}-${at}` : undefined}
      onInput=${(event) => { setText(event.target.value); setOpen(true); setAt(-1); }}
      onKeyDown=${onKeyDown} onBlur=${() => setOpen(false)} />
    <ul id="${id}-list" role="listbox" aria-label=${`Suggestions: ${label}`} hidden=${!options.length}>
      ${options.map((option, i) => html`<li role="option" id="${id}-${i}" aria-selected=${i === at}
        onPointerDown=${(event) => { event.preventDefault(); pick(option); }}>
        <span class="suggest-label"><${Text} text=${option.label} /></span>
        <span class="suggest-kind">${kindOf(option)}</span>
      </li>`)}
    </ul>
    ${open && found.problem && html`<p class="hint" role="status">No suggestions: ${found.problem}</p>`}
  </div>`;
}

// { suggestions, problem }: of all kinds, those of the most events first; what the server said where it refused.
async function ask(words, kinds, signal) {
  try {
    const answers = await Promise.all(kinds.map((kind) => get("/api/suggest", { q: words, kind }, { signal })));
    const all = answers.flatMap((answer, i) => answer.suggestions.map((one) => ({ ...one, asked: kinds[i] })));
    return { suggestions: all.sort((a, b) => b.n - a.n).slice(0, MOST), problem: null };
  } catch (error) {
    if (error.name === "AbortError") return null;
    return { suggestions: [], problem: error.message };
  }
}
