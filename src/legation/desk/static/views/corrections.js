// What people mended in this store, the latest first, and the same as training annotations.

import { History } from "../lib/corrections.js";
import { html } from "../lib/preact.js";
import { usePages } from "../lib/pages.js";
import { Empty, Loading, Problem } from "../lib/ui.js";

export const title = () => "Corrections";

export default function Corrections() {
  const list = usePages("/api/corrections", {}, "corrections");
  return html`<h1>Corrections</h1>
    <p>Corrections are kept beside the data and hold in every view. One that is withdrawn stays here as history.</p>
    ${list.error && html`<${Problem} error=${list.error} again=${list.again} />`}
    ${!list.rows && !list.error && html`<${Loading} what="corrections" />`}
    ${list.rows?.length === 0 && html`<${Empty}><p>Nobody has corrected anything yet.</p>
      <p>Open a report, choose a mark, and press “Correct this”.</p><//>`}
    ${list.rows?.length > 0 && html`<p><a class="button" href="/api/corrections/gold"
      download="corrections.jsonl">Download as gold annotations (JSONL)</a></p>
      <${History} corrections=${list.rows} onChange=${list.again} places=${true} />`}
    ${list.next && html`<p class="more"><button type="button" disabled=${list.busy}
      onClick=${list.more}>${list.busy ? "Loading…" : "Show more"}</button></p>`}`;
}
