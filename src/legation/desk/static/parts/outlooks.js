// What is likely of one actor towards another: probabilities by quad class and horizon, and what they rest on.

import { count, day, number } from "../lib/format.js";
import { html, useState } from "../lib/preact.js";
import { useLoad, useStore } from "../lib/state.js";
import { Link, Loading, Problem } from "../lib/ui.js";
import { actorLabel } from "./pick.js";
import { signed } from "./relation_chart.js";

// `target` null: of the source towards anyone; `on` is the first day forecast, null for the day after the store's last. The
// forecast is asked for by a button, as it reads the whole history: seconds, on a large store minutes.
export function Outlooks({ source, target, on = null }) {
  const store = useStore();
  const [asked, setAsked] = useState(false);
  const { data, error, again } = useLoad(asked ? "/api/forecast" : null, { source, target, day: on });
  return html`<section class="outlooks">
    <h3><bdi>${actorLabel(source, store)}</bdi> → ${target ? html`<bdi>${actorLabel(target, store)}</bdi>` : "anyone"}</h3>
    ${!asked && html`<p><button type="button" onClick=${() => setAsked(true)}>Forecast</button>
      ${" "}<span class="hint">reads the whole history: seconds, on a large store minutes</span></p>`}
    ${error && html`<${Problem} error=${error} again=${again} />`}
    ${asked && !data && !error && html`<p class="faint">Learning from all that is known…</p><${Loading} what="the forecast" lines=${5} />`}
    ${data && html`<${OutlookTable} outlooks=${data.outlooks} /><${Rests} source=${source} target=${target} answer=${data} />`}
  </section>`;
}

function OutlookTable({ outlooks }) {
  const store = useStore();
  const horizons = [...new Set(outlooks.map((one) => one.days))];
  const quads = [...new Set(outlooks.map((one) => one.quad))];
  const of = (quad, days) => outlooks.find((one) => one.quad === quad && one.days === days);
  return html`<div class="table-frame" role="region" aria-label="Probabilities" tabindex="0"><table class="outlook">
    <caption class="visually-hidden">Probability of at least one event, by quad class and days</caption>
    <thead><tr><th scope="col">At least one event of</th>${horizons.map((days) => html`<th scope="col" class="numeric">within ${count(days, "day")}</th>`)}</tr></thead>
    <tbody>${quads.map((quad) => html`<tr>
      <th scope="row"><span class="quad quad-${quad}" aria-hidden="true"></span> ${store.quads[quad] ?? quad}</th>
      ${horizons.map((days) => html`<td class="numeric"><${Chance} outlook=${of(quad, days)} /></td>`)}</tr>`)}</tbody>
  </table></div>`;
}

const Chance = ({ outlook: { probability, expected, low, high, quad } }) => html`
  <span class="chance"><svg class="chance-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="chance-whole" width="100" height="6" /><rect class=${`bar-${quad}`} width=${100 * probability} height="6" /></svg>
    <b>${chance(probability)}</b></span>
  <span class="chance-range">${expected.toFixed(expected < 10 ? 1 : 0)} expected, ${number(low)} to ${number(high)}</span>`;

// "43%", "under 1%", "over 99%": no forecast is certain.
export function chance(p) {
  if (p < 0.005) return "under 1%";
  return p > 0.995 ? "over 99%" : `${Math.round(100 * p)}%`;
}

function Rests({ source, target, answer: { outlooks, level, rests_on: { events, windows, last, silent } } }) {
  const store = useStore();
  const series = outlooks.filter((one) => one.days === outlooks[0].days);
  const behind = target ? { dyad: `${source},${target}` } : { actor: source };
  return html`${level && html`<p>Mean intensity of the 30 days: <b>${signed(level.mean)}</b>, in 8 of 10 cases between ${signed(level.low)} and ${signed(level.high)}.</p>`}
    <p class="faint">${[
      `From ${day(outlooks[0].day)} on. It rests on ${count(events, "past event")} of this direction `,
      html`(${series.map((one, i) => html`${i > 0 && ", "}<span class="nowrap">${number(one.events)} of ${store.quads[one.quad]}</span>`)})`,
      ` and on ${windows ? `${count(windows, "closed window")} of all pairs` : "the rates of all pairs alone, as too little has passed to learn more"}. `,
      silent > 30 && `The last ${silent} days before are without any event in the store. `,
      "Ranges hold 8 of 10 outcomes. ",
      html`<${Link} href=${`/?${new URLSearchParams({ ...behind, until: last })}`}>The events of ${target ? "the two" : "the actor"} until then<//>`,
    ]}</p>`;
}
