import { SwillError } from "../../typescript/src/errors.js";
import type { Metadata } from "../../typescript/src/exchange.js";
import type { Connection, Envelope, Watcher } from "./connection.ts";
import { button, h, lazily } from "./dom.ts";
import { print, shorten } from "./json.ts";

const SHOWN = 200; // messages of one request; older ones make room

const ms = (duration: number) => `${duration.toFixed(duration < 100 ? 1 : 0)} ms`;

/** One request that was made by hand: what came of it, and when. */
export class Run implements Watcher {
  seq: number | undefined;
  readonly controller = new AbortController();
  readonly element: HTMLElement;
  isOver = false;
  #sentAt = performance.now();
  #firstAt = 0;
  #lastAt = 0;
  #sent = 0;
  #received = 0;
  #state = "under way";
  /** What has come since the page was drawn: of a fast stream, most is never shown. */
  #fresh: (() => HTMLElement)[] = [];
  readonly #plan = lazily(() => this.#show());
  readonly #status = h("span", { className: "state", role: "status" });
  readonly #timing = h("span", { className: "timing" });
  readonly #metadata = h("div");
  readonly #dropped = h("p", { className: "remark", hidden: true });
  readonly #items = h("ol", { className: "items" });
  readonly #body = h("div", {}, this.#metadata, this.#dropped, this.#items);
  readonly #fold = button("Hide", () => this.fold(!this.#body.hidden), { "aria-expanded": "true" });
  readonly #cancel = button("Cancel", () => this.cancel());
  readonly #unwatch: () => void;

  constructor(
    readonly rpc: string,
    title: string,
    connection: Connection,
    showEnvelopes: (seq: number) => void,
  ) {
    this.#unwatch = connection.watch(this);
    const shows = button("Envelopes", () => this.seq !== undefined && showEnvelopes(this.seq));
    this.element = h(
      "article",
      { className: "run", "aria-label": title },
      h("header", {}, h("h3", {}, title), this.#status, this.#timing, shows, this.#fold, this.#cancel),
      this.#body,
    );
    this.#plan();
  }

  /** Of the connection: an envelope of this request. */
  passed(envelope: Envelope): void {
    if (envelope.isOut) {
      if (this.#sent++ === 0) this.#sentAt = envelope.at;
    } else {
      this.#firstAt ||= envelope.at;
      this.#lastAt = envelope.at;
    }
    this.#plan();
  }

  /** Leaves the header alone, or shows all again. */
  fold(isFolded: boolean): void {
    this.#body.hidden = isFolded;
    this.#fold.textContent = isFolded ? "Show" : "Hide";
    this.#fold.setAttribute("aria-expanded", String(!isFolded));
  }

  /** A message has come. */
  came(value: unknown, note = ""): void {
    this.#received++;
    const after = (this.#lastAt || performance.now()) - this.#sentAt;
    this.#add(() => h("li", {}, h("time", {}, ms(after)), h("pre", {}, shorten(print(value))), note && h("em", {}, note)));
  }

  told(which: "leading" | "trailing", metadata: Metadata): void {
    this.#metadata.append(h("p", { className: "metadata" }, `${which} metadata`), h("pre", {}, print(metadata)));
  }

  cancel(): void {
    if (this.isOver) return;
    this.controller.abort(new Error("cancelled"));
    this.finish("cancelled");
  }

  fail(problem: unknown): void {
    if (this.isOver) return;
    const { code, message, data } = problem as SwillError;
    const isOurs = problem instanceof SwillError;
    const name = (problem as Error).name;
    const words = isOurs ? `${code || name} ${message}` : `${name}: ${message}`;
    const more = isOurs && data !== undefined && data !== null;
    this.#add(() => h("li", { className: "failed" }, h("p", { className: "problem" }, words), more && h("pre", {}, shorten(print(data)))));
    this.finish("failed");
  }

  finish(state: "ok" | "failed" | "cancelled"): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#state = state;
    this.#lastAt ||= performance.now();
    this.element.classList.add(state);
    this.#cancel.remove();
    this.#unwatch();
    this.#plan();
  }

  #add(make: () => HTMLElement): void {
    this.#fresh.push(make);
    if (this.#fresh.length > 2 * SHOWN) this.#fresh.splice(0, SHOWN);
    this.#plan();
  }

  #show(): void {
    this.#items.append(...this.#fresh.splice(0).slice(-SHOWN).map((make) => make()));
    while (this.#items.childElementCount > SHOWN) this.#items.firstElementChild!.remove();
    const hidden = this.#received - SHOWN;
    this.#dropped.hidden = hidden <= 0;
    this.#dropped.textContent = `${hidden} earlier messages are not shown`;
    this.#status.textContent = this.#state;
    const times = [];
    if (this.#firstAt) times.push(`first answer ${ms(this.#firstAt - this.#sentAt)}`);
    if (this.isOver && this.#lastAt) times.push(`all ${ms(this.#lastAt - this.#sentAt)}`);
    times.push(`${this.#sent} sent, ${this.#received} received`);
    this.#timing.textContent = times.join(" · ");
  }
}
