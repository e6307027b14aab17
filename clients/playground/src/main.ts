import "./style.css";
import type { SwillError } from "../../typescript/src/errors.js";
import { CallView, type Page } from "./call.ts";
import { Connection } from "./connection.ts";
import { button, h, labelled, select } from "./dom.ts";
import { EnvelopesView } from "./envelopes.ts";
import type { Run } from "./run.ts";
import { TopicsView } from "./topics.ts";
import type { Handler } from "./type.ts";

const connection = new Connection();
const envelopes = new EnvelopesView(connection);
const runs = h("section", { "aria-label": "Requests" });
const KEPT_RUNS = 30;
let kept: Run[] = [];
/** Takes away those that are over. */
const clear = button("Clear", () => drop(kept.filter(({ isOver }) => isOver)));

function drop(some: Run[]): void {
  for (const { element } of some) element.remove();
  kept = kept.filter((run) => !some.includes(run));
  clear.hidden = kept.length === 0;
}

const page: Page = {
  connection,
  /** Of those before it that are over, only the newest keeps what has come in sight. */
  add(run: Run) {
    for (const older of kept.slice(1)) if (older.isOver) older.fold(true);
    kept.unshift(run);
    clear.after(run.element);
    drop(kept.slice(KEPT_RUNS).filter(({ isOver }) => isOver));
  },
  showEnvelopes: (seq) => envelopes.show(seq),
};

// --- what is called

const SHAPES = ["unary", "response streams", "request streams", "both stream"];
const shapeOf = ({ request, response }: Handler) => SHAPES[Number(request.streams) * 2 + Number(response.streams)]!;

let view: CallView | TopicsView | undefined;
/** What that is made of: while it stays the same, so does what somebody has written into it. */
let shown = "";
const place = h("div");

function show(next: CallView | TopicsView): void {
  view = next;
  place.replaceChildren(next.element);
}

/** For a handler that the server does not tell of. */
function showAny(): void {
  const name = h("input", { autocomplete: "off", spellcheck: false });
  const shape = select(SHAPES);
  const any = (): Handler => ({
    name: name.value,
    request: { streams: shape.selectedIndex > 1, type: { type: "Any" } },
    response: { streams: shape.selectedIndex % 2 === 1, type: { type: "Any" } },
  });
  const controls = h("div", {}, labelled("name", name), labelled("shape", shape));
  const draw = () => show(new CallView(any(), page, controls));
  name.onchange = shape.onchange = () => {
    draw();
    (document.activeElement === document.body ? name : undefined)?.focus();
  };
  draw();
}

// --- the list of handlers

let handlers: Handler[] = [];
const search = h("input", { type: "search", placeholder: "Search (/)", "aria-label": "Search handlers", oninput: () => list() });
const builtin = h("input", { type: "checkbox", onchange: () => void load() });
const names = h("ul");
const note = h("p", { className: "remark", role: "status" });

/** Where the page is, as `#/math.add`. */
function hashNow(): string {
  try {
    return decodeURIComponent(location.hash);
  } catch {
    return ""; // somebody has written a % into it
  }
}

const hashOf = ({ name }: Handler) => `#/${encodeURIComponent(name)}`;

function entry(title: string, remark: string, hash: string): HTMLElement {
  const isCurrent = hashNow() === decodeURIComponent(hash);
  const link = h("a", { href: hash, "aria-current": isCurrent && "true" }, title, " ", h("small", {}, remark));
  return h("li", {}, link);
}

function list(): void {
  const wanted = search.value.toLowerCase();
  const found = handlers.filter(({ name, documentation = "" }) => `${name} ${documentation}`.toLowerCase().includes(wanted));
  names.replaceChildren(
    ...found.map((handler) => entry(handler.name, shapeOf(handler), hashOf(handler))),
    entry("Topics", "publish, subscribe", "#topics"),
    entry("Any handler", "by its name", "#any"),
  );
}

/** Shows what the address of the page names. */
function go(): void {
  const hash = hashNow();
  const handler = handlers.find(({ name }) => `#/${name}` === hash);
  const next = `${hash} ${handler?.text}`;
  const isSame = next === shown;
  shown = next;
  list();
  if (isSame) return;
  if (hash === "#topics") show(new TopicsView(page));
  else if (hash === "#any") showAny();
  else if (handler) show(new CallView(handler, page));
}

async function load(): Promise<void> {
  try {
    handlers = await connection.handlers(builtin.checked);
    note.textContent = `${handlers.length} handlers`;
  } catch (problem) {
    const { code, message } = problem as SwillError;
    handlers = [];
    note.textContent =
      code === 404
        ? "This server does not tell which handlers it has (--no-introspection). Call them by their names."
        : `No list of handlers: ${code || ""} ${message}`;
  }
  if (!location.hash && handlers[0]) location.replace(hashOf(handlers[0]));
  go();
}

// --- the connection

const state = h("span", { role: "status", className: "state" });
const path = h("input", { autocomplete: "off", spellcheck: false });
const token = h("input", { autocomplete: "off", spellcheck: false });

function showState(): void {
  const { status, reason, attempt } = connection.client.state;
  const words = [`${status} ${connection.url.href}`];
  if (reason) words.push(reason);
  if (attempt > 1) words.push("where the server has --origin, it must name this page's own address, too");
  state.textContent = words.join(" — ");
  state.classList.toggle("failed", status !== "connected");
}

let wasConnected = false;
connection.client.subscribe(() => {
  showState();
  const isConnected = connection.client.state.status === "connected";
  if (isConnected && !wasConnected) void load();
  wasConnected = isConnected;
});

function connect(): void {
  connection.path = path.value.startsWith("/") ? path.value : `/${path.value}`;
  connection.token = token.value;
  connection.connect();
}

// --- the page

const THEMES = ["light dark", "light", "dark"];
const theme = select(["as the system", "light", "dark"], () => (document.documentElement.style.colorScheme = THEMES[theme.selectedIndex]!));
const main = h("main", { id: "main", tabIndex: -1 }, place, runs);

document.body.append(
  button("To the handler", () => main.focus(), { className: "skip" }),
  h(
    "header",
    {},
    h("h1", {}, "Swill playground"),
    state,
    h(
      "details",
      {},
      h("summary", {}, "Connection"),
      labelled("path", path),
      labelled("session token", token),
      h("p", { className: "buttons" }, button("Connect", connect)),
    ),
    labelled("colours", theme),
  ),
  h("nav", { "aria-label": "Handlers" }, search, h("label", { className: "choice" }, builtin, " the server's own, too"), note, names),
  main,
  envelopes.element,
  h("footer", {}, "/ search · ↑ ↓ in the list · Ctrl+Enter call or send · Ctrl+Shift+Enter end the stream · Esc cancel"),
);

function move(by: number): void {
  const links = [...names.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isWriting = target instanceof HTMLElement && target.matches("input, textarea, select");
  const isInList = target === search || names.contains(target as Node);
  const isAsked = key === "Enter" && (event.ctrlKey || event.metaKey);
  if (isAsked && event.shiftKey) view?.end();
  else if (isAsked) view?.send();
  else if (key === "Escape") view?.cancel();
  else if (key === "/" && !isWriting) search.focus();
  else if (isInList && (key === "ArrowDown" || key === "ArrowUp")) move(key === "ArrowDown" ? 1 : -1);
  else return;
  event.preventDefault();
});
addEventListener("hashchange", () => {
  const isAsked = names.contains(document.activeElement);
  go();
  if (isAsked) main.focus(); // whoever has chosen a handler goes on there
});

runs.append(clear);
drop([]);
list();
void connection.open().then(() => {
  path.value = connection.path;
  showState();
});
