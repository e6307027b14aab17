/** What was asked for was not done. `code` is that of docs/protocol.md §4; 0 where this client says so and no server. */
export class SwillError extends Error {
  override name = "SwillError";
  /** The handler that was asked, where a request has failed. Consoles show it before the message. */
  rpc: string | undefined;

  constructor(
    readonly code: number,
    message: string,
    readonly data: unknown = undefined,
    /** Whether the same request may succeed a little later. */
    readonly retryable: boolean = code === 503 || code === 429 || field(data, "retryable") === true,
  ) {
    super(message);
  }

  /** @internal The first request that fails by this is one of that handler. The message stays as it is: the server may mean it for people. */
  blame(rpc: string): void {
    if (this.rpc !== undefined) return;
    this.rpc = rpc;
    const [head = ""] = /^\w+: /.exec(this.stack ?? "") ?? []; // in V8 alone a stack begins with the message
    const rest = this.stack?.slice(head.length);
    if (head && rest?.startsWith(this.message)) this.stack = `${this.name}: ${this.code ? `${this.code} ` : ""}${rpc}: ${rest}`;
  }

  /** After how many milliseconds the server wishes to be asked again, if it says so. */
  get retryAfterMs(): number | undefined {
    const ms = field(this.data, "retry_after_ms");
    return typeof ms === "number" ? ms : undefined;
  }
}

/** One problem of a field, as docs/protocol.md §4 has it: of the field itself, of an item or entry of it, or of the fields of a struct in it. */
export type Problem =
  | { description: string }
  | { index: number; errors: Problem[] }
  | { key: unknown; errors: Problem[] }
  | Fields;

/** The problems by field; those of the message as a whole stand under `*`. */
export interface Fields {
  [field: string]: Problem[];
}

/**
 * The descriptions of problems by the path of what they are about, as forms name their inputs: `lines[1].sku`, `prices["usd"]`; those of the message as a whole
 * stand under `*`. Of what the server says (`ValidationError.texts`), or the checks of a generated client.
 */
export function textsOf(fields: Fields | undefined): Record<string, string[]> {
  const texts: Record<string, string[]> = {};
  const takeAll = (problems: unknown, path: string) => {
    for (const problem of Array.isArray(problems) ? problems : []) if (problem && typeof problem === "object") take(problem, path); // an application may say anything
  };
  const take = (problem: any, path: string) => {
    const { description, index, key, errors } = problem;
    if (typeof description === "string") (texts[path || "*"] ??= []).push(description);
    else if (typeof index === "number") takeAll(errors, `${path}[${index}]`);
    else if ("key" in problem && !Array.isArray(key)) takeAll(errors, `${path}[${typeof key === "string" ? JSON.stringify(key) : key}]`);
    else takeFields(problem, path);
  };
  const takeFields = (fields: Fields, path: string) => {
    for (const [name, problems] of Object.entries(fields)) takeAll(problems, name === "*" ? path : path ? `${path}.${name}` : name);
  };
  if (typeof fields === "object") takeFields(fields, "");
  return texts;
}

/** Code 422: the message breaks its description. */
export class ValidationError extends SwillError {
  override name = "ValidationError";

  get fields(): Fields {
    return (this.data ?? {}) as Fields;
  }

  /** `fields` by path: see `textsOf`. */
  get texts(): Record<string, string[]> {
    return textsOf(this.fields);
  }
}

/** There is no connection, and this client does not go on trying: it was refused (401, 403), or closed. Requests that have not left fail by it then. */
export class ConnectionError extends SwillError {
  override name = "ConnectionError";

  /** `code` is the HTTP status or close code by which the server has refused this client, if it has. */
  constructor(message: string, retryable = false, code = 0) {
    super(code, message, undefined, retryable);
  }
}

/** The request never left this machine, and this client goes on trying to connect: sending it again does nothing twice. */
export class NotSentError extends ConnectionError {
  override name = "NotSentError";

  constructor(why: string) {
    super(`not sent: ${why}`, true);
  }
}

/** The connection broke after the request had left and before its answer came: it may have run, or not. */
export class MaybeExecutedError extends ConnectionError {
  override name = "MaybeExecutedError";

  constructor(why: string) {
    super(`the connection broke (${why}); the call may have run`);
  }
}

/** The connection broke while a stream was open. */
export class StreamBrokenError extends ConnectionError {
  override name = "StreamBrokenError";

  constructor(
    why: string,
    /** How many items had come. */
    readonly received: number,
    /** How many items had been sent; whether the server has them is not known. */
    readonly sent: number,
  ) {
    super(`the connection broke (${why}) after ${received} items`);
  }
}

/** The application took items more slowly than they came, and the bounded queue between them is full. The stream is cancelled. */
export class OverflowError extends SwillError {
  override name = "OverflowError";

  constructor(readonly received: number) {
    super(0, `the reader is too slow; cancelled after ${received} items`);
  }
}

/** @internal */
export function field(data: unknown, name: string): unknown {
  return (data as Record<string, unknown> | null | undefined)?.[name];
}

/** @internal The data of an ERROR envelope as an exception. */
export function errorOf(data: unknown): SwillError {
  const code = Number(field(data, "code"));
  return new (code === 422 ? ValidationError : SwillError)(code, String(field(data, "message")), field(data, "data"));
}
