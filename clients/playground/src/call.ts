import { type Fields, ValidationError } from "../../typescript/src/errors.js";
import type { Metadata } from "../../typescript/src/exchange.js";
import type { Connection } from "./connection.ts";
import { button, type Child, h, labelled } from "./dom.ts";
import { edit, type Editor } from "./form.ts";
import { parse, print } from "./json.ts";
import { Pushed } from "./pushed.ts";
import { Run } from "./run.ts";
import { asWritten, type Handler, isStruct, listOf, partsOf, problemsOf, rulesOf, type Side, titleOf, type Type } from "./type.ts";

/** What the views of the page share. */
export interface Page {
  readonly connection: Connection;
  /** Shows a new request, the newest on top. */
  add(run: Run): void;
  showEnvelopes(seq: number): void;
}

/** A type with all that is in it, as indented lines; a struct within itself by its name. */
function outline(t: Type, name: string, indent = "", around: readonly unknown[] = []): string[] {
  const said = [t.documentation, rulesOf(t), t.optional && "may be left out", t.values && Object.keys(t.values).join(" | ")];
  const words = said.filter(Boolean).join(" — ");
  const line = `${indent}${name}: ${titleOf(t)}${words && `   ${words}`}`;
  if (around.includes(t.arguments)) return [line];
  const parts = Object.entries(t.arguments ?? {}).flatMap(([key, part]) =>
    isStruct(t) || partsOf(part).length ? outline(part, key, `${indent}  `, [...around, t.arguments]) : [],
  );
  return [line, ...parts];
}

const isObject = (value: unknown) => value !== null && Object.getPrototypeOf(value) === Object.prototype;

function facts(handler: Handler): string {
  const { request, response, errors, idempotent, endless, tags = [], limits = {} } = handler;
  const side = ({ streams, type }: Side) => (streams ? "a stream of " : "") + titleOf(type);
  const words = [
    `${side(request)} → ${side(response)}`,
    idempotent && "idempotent",
    endless && "endless",
    errors?.length && `errors ${errors.join(", ")}`,
    tags.length && `tags ${tags.join(", ")}`,
    ...Object.entries(limits).map(([name, limit]) => `${name} ${limit}`),
  ];
  return words.filter(Boolean).join(" · ");
}

/** One handler: what it is, a form for its message, and buttons that call it. */
export class CallView {
  readonly element: HTMLElement;
  readonly #handler: Handler;
  readonly #page: Page;
  readonly #form: Editor;
  readonly #text = h("textarea", { rows: 8, spellcheck: false, "aria-label": "message as JSON" });
  readonly #textProblem = h("p", { className: "problem", hidden: true, role: "alert" });
  readonly #asJson = h("input", { type: "checkbox", onchange: () => this.#switch() });
  readonly #unchecked = h("input", { type: "checkbox" });
  readonly #metadata = h("textarea", { rows: 2, spellcheck: false, placeholder: '{"trace": "1"}' });
  readonly #timeout = h("input", { inputMode: "numeric", autocomplete: "off" });
  /** The upload that takes items. */
  #upload: { items: Pushed<unknown>; run: Run } | undefined;
  /** The requests of this view, the newest last. */
  #runs: Run[] = [];

  constructor(handler: Handler, page: Page, ...above: Child[]) {
    this.#handler = handler;
    this.#page = page;
    const { name, request, response } = handler;
    this.#form = edit(request.type, request.streams ? "item" : "message");
    this.#text.hidden = true;
    const look = { className: "primary", title: "Ctrl+Enter" };
    const primary = button(request.streams ? "Send item" : "Call", () => this.send(), look);
    const end = button("End stream", () => this.end(), { title: "Ctrl+Shift+Enter" });
    this.element = h(
      "section",
      { "aria-label": name || "any handler" },
      h("h2", {}, name || "Any handler"),
      handler.documentation && h("p", {}, handler.documentation),
      h("p", { className: "remark" }, facts(handler)),
      ...above,
      h(
        "details",
        {},
        h("summary", {}, "Types"),
        h("pre", {}, [...outline(request.type, "request"), ...outline(response.type, "response")].join("\n")),
      ),
      h(
        "p",
        {},
        h("label", { className: "choice" }, this.#asJson, " as JSON"),
        h("label", { className: "choice" }, this.#unchecked, " leave checking to the server"),
      ),
      this.#form.element,
      this.#text,
      this.#textProblem,
      h(
        "details",
        {},
        h("summary", {}, "Metadata and deadline"),
        labelled("metadata, a JSON object", this.#metadata),
        labelled("deadline, ms", this.#timeout),
      ),
      h("p", { className: "buttons" }, primary, request.streams && end),
    );
  }

  /** Calls the handler; where it takes a stream, sends it one more item. */
  send(): void {
    const message = this.#read();
    if (message === NOTHING) return;
    if (!this.#handler.request.streams) {
      this.#call(message);
      return;
    }
    const upload = this.#upload ?? this.#open();
    upload?.items.push(message);
  }

  /** Ends the stream of items; one of none, if there was none. */
  end(): void {
    if (!this.#handler.request.streams) return;
    this.#textProblem.hidden = true;
    const upload = this.#upload ?? this.#open();
    this.#upload = undefined;
    upload?.items.end();
  }

  /** Cancels the newest request that is under way. */
  cancel(): void {
    this.#runs.findLast((run) => !run.isOver)?.cancel();
  }

  /** The message of the form or the JSON; NOTHING where it is wrong, which is shown. */
  #read(): unknown {
    let message: unknown;
    this.#textProblem.hidden = true;
    try {
      message = this.#asJson.checked ? parse(this.#text.value.trim() || "null") : this.#form.read();
    } catch (problem) {
      this.#complain((problem as Error).message);
      return NOTHING;
    }
    const problems = problemsOf(this.#handler.request.type, message);
    this.#mark(this.#unchecked.checked ? undefined : problems);
    return problems && !this.#unchecked.checked ? NOTHING : asWritten(message);
  }

  #complain(words: string): void {
    this.#textProblem.textContent = words;
    this.#textProblem.hidden = false;
  }

  /** Shows problems, ours or the server's, where they belong. */
  #mark(problems: Fields | undefined): void {
    if (this.#asJson.checked) {
      if (problems) this.#complain(print(problems));
      return;
    }
    this.#form.mark(listOf(this.#handler.request.type, problems));
    if (problems) this.#form.element.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }

  /** From form to JSON and back, with what is in it. */
  #switch(): void {
    const isJson = this.#asJson.checked;
    if (isJson) this.#text.value = print(asWritten(this.#form.read()));
    else {
      try {
        this.#form.write(parse(this.#text.value.trim() || "null"));
      } catch (problem) {
        this.#asJson.checked = true;
        this.#complain((problem as Error).message);
        return;
      }
    }
    this.#textProblem.hidden = true;
    this.#text.hidden = !isJson;
    this.#form.element.hidden = isJson;
  }

  #begin(): { run: Run; options: object } | undefined {
    let metadata: unknown;
    try {
      metadata = this.#metadata.value.trim() ? parse(this.#metadata.value) : undefined;
    } catch (problem) {
      metadata = (problem as Error).message;
    }
    const timeoutMs = this.#timeout.value.trim() ? Number(this.#timeout.value) : undefined;
    if (Number.isNaN(timeoutMs)) this.#complain("The deadline is no number");
    else if (metadata !== undefined && !isObject(metadata)) this.#complain(`Metadata are a JSON object: ${print(metadata)}`);
    if (!this.#textProblem.hidden) return undefined;
    const { name } = this.#handler;
    const run = new Run(name, name, this.#page.connection, (seq) => this.#page.showEnvelopes(seq));
    this.#runs = [...this.#runs.filter((one) => !one.isOver), run];
    this.#page.add(run);
    const options = {
      metadata: metadata as Metadata | undefined,
      timeoutMs,
      signal: run.controller.signal,
      onLeading: (told: Metadata) => run.told("leading", told),
      onTrailing: (told: Metadata) => run.told("trailing", told),
    };
    return { run, options };
  }

  #fail(run: Run, problem: unknown): void {
    run.fail(problem);
    if (problem instanceof ValidationError && !this.#asJson.checked) this.#mark(problem.fields);
  }

  #call(message: unknown): void {
    const begun = this.#begin();
    if (!begun) return;
    const { client } = this.#page.connection;
    const { name, response } = this.#handler;
    const { run, options } = begun;
    this.#follow(run, response.streams ? client.stream(name, message, options) : client.call(name, message, options));
  }

  #open(): { items: Pushed<unknown>; run: Run } | undefined {
    const begun = this.#begin();
    if (!begun) return undefined;
    const { client } = this.#page.connection;
    const { name, response } = this.#handler;
    const items = new Pushed<unknown>();
    const { run, options } = begun;
    this.#upload = { items, run };
    this.#follow(run, response.streams ? client.duplex(name, items, options) : client.upload(name, items, options));
    return this.#upload;
  }

  async #follow(run: Run, answer: AsyncIterable<unknown> | Promise<unknown>): Promise<void> {
    try {
      if (Symbol.asyncIterator in answer) for await (const item of answer) run.came(item);
      else run.came(await answer);
      run.finish("ok");
    } catch (problem) {
      this.#fail(run, problem);
    }
    if (this.#upload?.run === run) this.#upload = undefined;
  }
}

const NOTHING = Symbol("no message");
