import { presence, publish, topic } from "../../typescript/src/topic.js";
import type { Page } from "./call.ts";
import { button, h, labelled } from "./dom.ts";
import { parse } from "./json.ts";
import { Run } from "./run.ts";

/** Topics (docs/pubsub.md): subscriptions that go on over a lost connection, publishing, and who is there. */
export class TopicsView {
  readonly element: HTMLElement;
  readonly #page: Page;
  readonly #name = h("input", { autocomplete: "off", spellcheck: false, value: "chat.lobby" });
  readonly #data = h("textarea", { rows: 3, spellcheck: false, value: '{"text": "hello"}' });
  readonly #key = h("input", { autocomplete: "off", spellcheck: false });
  readonly #problem = h("p", { className: "problem", hidden: true, role: "alert" });
  #runs: Run[] = [];

  constructor(page: Page) {
    this.#page = page;
    this.element = h(
      "section",
      { "aria-label": "Topics" },
      h("h2", {}, "Topics"),
      labelled("topic", this.#name),
      h("p", { className: "buttons" }, button("Subscribe", () => this.#subscribe()), button("Watch presence", () => this.#watch())),
      labelled("message, as JSON", this.#data),
      labelled("idempotency key, empty for a random one", this.#key),
      this.#problem,
      h("p", { className: "buttons" }, button("Publish", () => this.send(), { className: "primary", title: "Ctrl+Enter" })),
    );
  }

  /** Publishes. */
  send(): void {
    this.#problem.hidden = true;
    let data: unknown;
    try {
      data = parse(this.#data.value);
    } catch (problem) {
      this.#problem.textContent = (problem as Error).message;
      this.#problem.hidden = false;
      return;
    }
    const run = this.#begin("swill.publish", "publish to");
    const idempotencyKey = this.#key.value || undefined;
    publish(this.#page.connection.client, this.#name.value, data, { idempotencyKey, signal: run.controller.signal }).then(
      (position) => {
        run.came(position);
        run.finish("ok");
      },
      (problem) => run.fail(problem),
    );
  }

  end(): void {}

  cancel(): void {
    this.#runs.findLast((run) => !run.isOver)?.cancel();
  }

  #begin(rpc: string, verb: string): Run {
    const run = new Run(rpc, `${verb} ${this.#name.value}`, this.#page.connection, (seq) => this.#page.showEnvelopes(seq));
    this.#runs = [...this.#runs.filter((one) => !one.isOver), run];
    this.#page.add(run);
    return run;
  }

  #subscribe(): void {
    const run = this.#begin("swill.subscribe", "subscribe to");
    const events = topic(this.#page.connection.client, this.#name.value);
    void this.#follow(run, events, ({ missed, data, position }) => {
      if (missed) run.came(null, "messages were missed that cannot be had any more");
      else run.came(data, `position ${position.epoch}:${position.offset}`);
    });
  }

  #watch(): void {
    const run = this.#begin("swill.watch_presence", "presence in");
    void this.#follow(run, presence(this.#page.connection.client, this.#name.value), (members) => run.came(members));
  }

  async #follow<E>(run: Run, events: AsyncIterable<E>, show: (event: E) => void): Promise<void> {
    const iterator = events[Symbol.asyncIterator]();
    run.controller.signal.addEventListener("abort", () => void iterator.return?.());
    try {
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) break;
        show(value);
      }
      run.finish("ok");
    } catch (problem) {
      run.fail(problem);
    }
  }
}
