// Made by `swill gen ts` of what a server says about itself (docs/typescript.md). To change it, make it anew.
import {
  type CallOptions,
  type Client,
  type Fields,
  type RequestOptions,
  type Source,
  type Stream,
  type StreamOptions,
  SwillError,
} from "@swill/swill";
import * as is from "@swill/swill/check";

/** An integer of 64 bits. It comes as a bigint where it is beyond 2⁵³−1, to either side of 0: `swill gen ts --bigint` says so. */
export type Int64 = number;

export interface Greeting {
  text: string;
  /** when it was said */
  at: Date;
}

/** Who wants to be greeted. */
export interface Guest {
  /** as it shall be said (length 1 to 63) */
  name: string;
  /** one of en, de, fr; default "en" */
  language?: "en" | "de" | "fr";
}

export interface Name {
  /** length 1 to 32 */
  name: string;
}

export interface WaitLimits {
  least: Int64;
  most: Int64;
}

/** The handlers of the server that `client` is connected to, by the parts of their names. */
export function api(client: Client) {
  return {
    chat: {
      /** Each line back, as it comes. */
      echo(source: Source<string>, options?: StreamOptions): Stream<string> {
        return client.duplex("chat.echo", source, options);
      },
      /** Says who this connection is in the chat, else a guest. No password: an example. */
      login(data: Name, options?: CallOptions): Promise<null> {
        return client.call("chat.login", data, options);
      },
    },
    clock: {
      /** As many times of day as asked for, half a second apart. */
      ticks(data: Int64, options?: StreamOptions): Stream<Date> {
        return client.stream("clock.ticks", data, options);
      },
      /**
       * Blocks a thread of the pool for so many milliseconds.
       * Errors: 400.
       */
      wait(data: Int64, options?: CallOptions): Promise<Int64> {
        return client.call("clock.wait", data, options);
      },
    },
    example: {
      /** How often this session has asked */
      visits(options?: CallOptions): Promise<number> {
        return client.call("example.visits", null, options);
      },
    },
    greeter: {
      /** Greets somebody by name. */
      hello(data: Guest, options?: CallOptions): Promise<Greeting> {
        return client.call("greeter.hello", data, options);
      },
    },
    math: {
      /**
       * The sum of two numbers.
       * Errors: 400.
       */
      add(data: [Int64, Int64], options?: CallOptions): Promise<Int64> {
        return client.call("math.add", data, options);
      },
      /** The sum of a stream of numbers, at its end. */
      sum(source: Source<number>, options?: RequestOptions): Promise<number> {
        return client.upload("math.sum", source, options);
      },
    },
  };
}

export type Api = ReturnType<typeof api>;

/** What streams, and the messages of each handler or the items of its streams: for what takes a handler by its name. */
export interface Messages {
  "chat.echo": { shape: "both"; request: string; response: string };
  "chat.login": { shape: "unary"; request: Name; response: null };
  "clock.ticks": { shape: "down"; request: Int64; response: Date };
  "clock.wait": { shape: "unary"; request: Int64; response: Int64 };
  "example.visits": { shape: "unary"; request: null; response: number };
  "greeter.hello": { shape: "unary"; request: Guest; response: Greeting };
  "math.add": { shape: "unary"; request: [Int64, Int64]; response: Int64 };
  "math.sum": { shape: "up"; request: number; response: number };
}

/** What is known of each handler beside its types: what streams, hints for retries and time-outs, the errors it answers with. */
export const handlers = {
  "chat.echo": { shape: "both", errors: [422] },
  "chat.login": { shape: "unary", errors: [422] },
  "clock.ticks": { shape: "down", errors: [422] },
  "clock.wait": { shape: "unary", errors: [400, 422] },
  "example.visits": { shape: "unary", errors: [] },
  "greeter.hello": { shape: "unary", errors: [422] },
  "math.add": { shape: "unary", errors: [400, 422] },
  "math.sum": { shape: "up", errors: [422] },
} as const;

type Failure<Code extends number, Data = unknown> = SwillError & { readonly code: Code; readonly data: Data };

/** The errors of each handler, told apart by `code`. Others, such as 503, may come from any (docs/protocol.md §4). */
export interface Errors {
  "chat.echo": Failure<422, Fields>;
  "chat.login": Failure<422, Fields>;
  "clock.ticks": Failure<422, Fields>;
  "clock.wait": Failure<400, WaitLimits> | Failure<422, Fields>;
  "example.visits": never;
  "greeter.hello": Failure<422, Fields>;
  "math.add": Failure<400> | Failure<422, Fields>;
  "math.sum": Failure<422, Fields>;
}

/** Whether a call of that handler has failed with one of its errors: `code` then says which, and with it what `data` is. */
export function isErrorOf<Name extends keyof Errors>(handler: Name, problem: unknown): problem is Errors[Name] {
  const codes: readonly number[] = handlers[handler].errors;
  return problem instanceof SwillError && codes.includes(problem.code);
}

const guestType: is.Check = /* @__PURE__ */ is.struct("guest", () => [
  ["name", is.str(is.minLength(1), is.lengthBelow(64)), true],
  ["language", is.str(is.oneOf(["en", "de", "fr"])), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkGuest = (message: unknown): Fields | undefined => is.problemsOf(guestType, message);

const nameType: is.Check = /* @__PURE__ */ is.struct("name", () => [
  ["name", is.str(is.minLength(1), is.lengthBelow(33)), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkName = (message: unknown): Fields | undefined => is.problemsOf(nameType, message);

/** The same by handler, of its message or of each item of its stream; one without a message takes null. */
export const checks = {
  "chat.echo": (message: unknown) => is.problemsOf(is.str(), message),
  "chat.login": checkName,
  "clock.ticks": (message: unknown) => is.problemsOf(is.int("int64"), message),
  "clock.wait": (message: unknown) => is.problemsOf(is.int("int64"), message),
  "example.visits": (message: unknown) => is.problemsOf(is.nil, message),
  "greeter.hello": checkGuest,
  "math.add": (message: unknown) => is.problemsOf(is.tuple(is.int("int64"), is.int("int64")), message),
  "math.sum": (message: unknown) => is.problemsOf(is.float(), message),
};
