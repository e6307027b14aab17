// Made by `swill gen ts` of what a server says about itself (docs/typescript.md). To change it, make it anew.
import {
  type CallOptions,
  type Client,
  type Fields,
  SwillError,
} from "@swill/swill";
import * as is from "@swill/swill/check";

/** An integer of 64 bits. It comes as a bigint where it is beyond 2⁵³−1, to either side of 0: `swill gen ts --bigint` says so. */
export type Int64 = number;

/** Behind the message at a position of a room. */
export interface Place {
  /** one of lobby, kitchen, library */
  room: "lobby" | "kitchen" | "library";
  at: Position;
}

export interface Position {
  epoch: Int64;
  offset: Int64;
}

export interface Room {
  /** one of lobby, kitchen, library */
  name: "lobby" | "kitchen" | "library";
  /** the message that was said last */
  last: Position;
  /** the last one that this session has read */
  read: Position;
}

export interface Typist {
  /** one of lobby, kitchen, library */
  room: "lobby" | "kitchen" | "library";
}

export interface Words {
  /** one of lobby, kitchen, library */
  room: "lobby" | "kitchen" | "library";
  /** length 1 to 1000 */
  text: string;
  /** what is said twice with one key is said once (length 1 to 64) */
  key: string;
}

/** The handlers of the server that `client` is connected to, by the parts of their names. */
export function api(client: Client) {
  return {
    chat: {
      /**
       * Begins a session, and answers its token. No password: an example.
       * Errors: 400.
       */
      login(data: string, options?: CallOptions): Promise<string> {
        return client.call("chat.login", data, options);
      },
      /**
       * Notes how far this session has read.
       * Idempotent: it may be sent again when a connection is lost.
       * Errors: 401.
       */
      read(data: Place, options?: CallOptions): Promise<null> {
        return client.call("chat.read", data, { idempotent: true, ...options });
      },
      /**
       * All rooms, and how far this session has read them.
       * Idempotent: it may be sent again when a connection is lost.
       * Errors: 401.
       */
      rooms(options?: CallOptions): Promise<Room[]> {
        return client.call("chat.rooms", null, { idempotent: true, ...options });
      },
      /**
       * Says something in a room.
       * Idempotent: it may be sent again when a connection is lost.
       * Errors: 401.
       */
      say(data: Words, options?: CallOptions): Promise<null> {
        return client.call("chat.say", data, { idempotent: true, ...options });
      },
      /**
       * Tells those in a room that somebody is typing.
       * Errors: 401.
       */
      typing(data: Typist, options?: CallOptions): Promise<null> {
        return client.call("chat.typing", data, options);
      },
    },
  };
}

export type Api = ReturnType<typeof api>;

/** What streams, and the messages of each handler or the items of its streams: for what takes a handler by its name. */
export interface Messages {
  "chat.login": { shape: "unary"; request: string; response: string };
  "chat.read": { shape: "unary"; request: Place; response: null };
  "chat.rooms": { shape: "unary"; request: null; response: Room[] };
  "chat.say": { shape: "unary"; request: Words; response: null };
  "chat.typing": { shape: "unary"; request: Typist; response: null };
}

/** What is known of each handler beside its types: what streams, hints for retries and time-outs, the errors it answers with. */
export const handlers = {
  "chat.login": { shape: "unary", errors: [400, 422] },
  "chat.read": { shape: "unary", idempotent: true, errors: [401, 422] },
  "chat.rooms": { shape: "unary", idempotent: true, errors: [401] },
  "chat.say": { shape: "unary", idempotent: true, errors: [401, 422] },
  "chat.typing": { shape: "unary", errors: [401, 422] },
} as const;

type Failure<Code extends number, Data = unknown> = SwillError & { readonly code: Code; readonly data: Data };

/** The errors of each handler, told apart by `code`. Others, such as 503, may come from any (docs/protocol.md §4). */
export interface Errors {
  "chat.login": Failure<400> | Failure<422, Fields>;
  "chat.read": Failure<401> | Failure<422, Fields>;
  "chat.rooms": Failure<401>;
  "chat.say": Failure<401> | Failure<422, Fields>;
  "chat.typing": Failure<401> | Failure<422, Fields>;
}

/** Whether a call of that handler has failed with one of its errors: `code` then says which, and with it what `data` is. */
export function isErrorOf<Name extends keyof Errors>(handler: Name, problem: unknown): problem is Errors[Name] {
  const codes: readonly number[] = handlers[handler].errors;
  return problem instanceof SwillError && codes.includes(problem.code);
}

const placeType: is.Check = /* @__PURE__ */ is.struct("place", () => [
  ["room", is.str(is.oneOf(["lobby", "kitchen", "library"])), true],
  ["at", positionType, true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkPlace = (message: unknown): Fields | undefined => is.problemsOf(placeType, message);

const positionType: is.Check = /* @__PURE__ */ is.struct("position", () => [
  ["epoch", is.int("uint64"), true],
  ["offset", is.int("uint64"), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkPosition = (message: unknown): Fields | undefined => is.problemsOf(positionType, message);

const typistType: is.Check = /* @__PURE__ */ is.struct("typist", () => [
  ["room", is.str(is.oneOf(["lobby", "kitchen", "library"])), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkTypist = (message: unknown): Fields | undefined => is.problemsOf(typistType, message);

const wordsType: is.Check = /* @__PURE__ */ is.struct("words", () => [
  ["room", is.str(is.oneOf(["lobby", "kitchen", "library"])), true],
  ["text", is.str(is.minLength(1), is.lengthBelow(1001)), true],
  ["key", is.str(is.minLength(1), is.lengthBelow(65)), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkWords = (message: unknown): Fields | undefined => is.problemsOf(wordsType, message);

/** The same by handler, of its message or of each item of its stream; one without a message takes null. */
export const checks = {
  "chat.login": (message: unknown) => is.problemsOf(is.str(), message),
  "chat.read": checkPlace,
  "chat.rooms": (message: unknown) => is.problemsOf(is.nil, message),
  "chat.say": checkWords,
  "chat.typing": checkTypist,
};
