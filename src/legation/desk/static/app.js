// The shell: navigation, keys, theme, and the view that the address names.

import { Component, html, render, useEffect, useLayoutEffect, useState } from "./lib/preact.js";
import { StoreContext, go, useKept, useLocation, useQuery, useStore, useStoreAnswer, useTitle } from "./lib/state.js";
import { useArrival } from "./lib/arrival.js";
import { Keys, useKeys } from "./lib/keys.js";
import { Link, Loading, Problem, Text } from "./lib/ui.js";

// What the navigation shows: address, name, view, key after "g".
const VIEWS = [
  ["/", "Today", "today", "t"],
  ["/map", "Map", "map", "m"],
  ["/network", "Network", "network", "n"],
  ["/relation", "Relation", "relation", "r"],
  ["/agenda", "Agenda", "agenda", "a"],
  ["/ledger", "Ledger", "ledger", "l"],
  ["/forecast", "Forecast", "forecast", "f"],
  ["/actors", "Actors", "actors", "p"],
  ["/query", "Query", "query", "q"],
  ["/corrections", "Corrections", "corrections", "c"],
];
// Views of one thing: under which of the above they are found.
const PAGES = [["/report/", "report", "/"], ["/event/", "event", "/"], ["/actor", "actor", "/actors"]];

// { view, under, params } of a path; view null where it names none.
function routeOf(path) {
  const listed = VIEWS.find(([at]) => at === path);
  if (listed) return { view: listed[2], under: path, params: {} };
  for (const [start, view, under] of PAGES) {
    if (path === start) return { view, under, params: {} };
    if (start.endsWith("/") && path.startsWith(start)) {
      return { view, under, params: { id: decodeURIComponent(path.slice(start.length)) } };
    }
  }
  return { view: null, under: null, params: {} };
}

function App() {
  const { store, error } = useStoreAnswer();
  const { path } = useLocation();
  const route = routeOf(path);
  const [help, setHelp] = useState(false);
  useKeys(VIEWS.map(([at, , , key]) => [key, () => go(at)]), () => setHelp(true));
  return html`<${StoreContext.Provider} value=${store}>
    <a class="skip" href="#main">Skip to the content</a>
    <${Header} under=${route.under} onHelp=${() => setHelp(true)} />
    <main id="main" tabindex="-1">
      ${error && html`<${Problem} error=${error} />`}
      ${store.indexing && html`<p class="notice"
        role="status">The index is being built (${store.indexing.done}
        of ${store.indexing.total} parts): what is shown is not complete yet.</p>`}
      ${store.trouble && html`<p class="problem" role="status"><${Text} text=${store.trouble} /></p>`}
      ${route.view ? html`<${Guarded} key=${path}><${View} ...${route} /><//>` : html`<${Nowhere} path=${path} />`}
    </main>
    <${Keys} open=${help} onClose=${() => setHelp(false)} views=${VIEWS} />
  <//>`;
}

// A view that fails says so, and leaves the rest of the page to work.
class Guarded extends Component {
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  render({ children }, { error }) {
    if (!error) return children;
    return html`<${Problem}
      error=${new Error("This view has failed. Load the page again; the browser's console says what went wrong.")} />`;
  }
}

// Loads the module of a view, and shows it; the heading is read out and the page starts at its top on each new path.
function View({ view, params }) {
  const [query] = useQuery();
  const [module, setModule] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    import(`./views/${view}.js`).then(setModule, (problem) => {
      console.error(problem);
      setError(new Error(`The view “${view}” cannot be loaded. Load the page again.`));
    });
  }, [view]);
  useArrival(module !== null);
  useTitle(module ? module.title(params, query) : "");
  if (error) return html`<${Problem} error=${error} />`;
  if (!module) return html`<${Loading} what=${view} lines=${12} />`;
  return html`<${module.default} params=${params} query=${query} />`;
}

const Nowhere = ({ path }) => html`<h1>Nothing is here</h1>
  <p><bdi>${path}</bdi> is no address of this desk. <${Link} href="/">See what happened<//>.</p>`;

function Header({ under, onHelp }) {
  const store = useStore();
  const { path, search } = useLocation();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path, search]);
  return html`<header class="side">
    <div class="brand">
      <${Link} href="/" class="brand-name"><img src="/static/icon.svg" alt="" width="22" height="22" />Legation<//>
      <button type="button" class="nav-button" aria-expanded=${open} aria-controls="nav"
        onClick=${() => setOpen(!open)}>Menu</button>
    </div>
    <nav id="nav" aria-label="Views" class=${open ? "nav open" : "nav"}>
      <ul>${VIEWS.map(([at, name]) => html`<li><${Link} href=${at}
        aria-current=${at === under ? "page" : undefined}>${name}<//></li>`)}</ul>
      <div class="side-foot">
        ${store.loaded && html`<p class="store-name" title="the store that is read"><${Text} text=${store.name} /></p>`}
        <${ThemeButton} />
        <button type="button" class="plain" onClick=${onHelp}>Keys <kbd>?</kbd></button>
        <a href="/api" class="plain-link">API</a>
      </div>
    </nav>
  </header>`;
}

// Light or dark: what the system says, until the reader chooses the other.
function ThemeButton() {
  const [theme, setTheme] = useKept("theme", null);
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  useLayoutEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
  }, [theme]);
  return html`<button type="button" class="plain"
    onClick=${() => setTheme(dark ? "light" : "dark")}>${dark ? "Light" : "Dark"}</button>`;
}

render(html`<${App} />`, document.getElementById("app"));
