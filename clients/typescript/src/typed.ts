import type { CallOptions, Client, Source } from "./client.js";
import type { RequestOptions } from "./exchange.js";
import type { Stream, StreamOptions } from "./stream.js";

/** A handler as `swill gen ts` says it in `Messages`. */
export interface Described {
  shape: "unary" | "down" | "up" | "both";
  request: any;
  response: any;
}

/** The names of `M`, the `Messages` of a generated client, whose handlers have that shape. */
export type NamesOf<M, Shape extends Described["shape"]> = {
  [N in keyof M & string]: M[N] extends { shape: Shape } ? N : never;
}[keyof M & string];

export type RequestOf<M, N extends keyof M> = M[N] extends Described ? M[N]["request"] : never;
export type ResponseOf<M, N extends keyof M> = M[N] extends Described ? M[N]["response"] : never;

/** What follows the name of a handler: its message, which may be left out where it may be null, and options. */
export type Given<R, O> = null extends R ? [data?: R, options?: O] : [data: R, options?: O];

/** A client whose names and messages the compiler checks. */
export interface TypedClient<M> {
  call<N extends NamesOf<M, "unary">>(rpc: N, ...given: Given<RequestOf<M, N>, CallOptions>): Promise<ResponseOf<M, N>>;
  stream<N extends NamesOf<M, "down">>(rpc: N, ...given: Given<RequestOf<M, N>, StreamOptions>): Stream<ResponseOf<M, N>>;
  upload<N extends NamesOf<M, "up">>(rpc: N, source: Source<RequestOf<M, N>>, options?: RequestOptions): Promise<ResponseOf<M, N>>;
  duplex<N extends NamesOf<M, "both">>(rpc: N, source: Source<RequestOf<M, N>>, options?: StreamOptions): Stream<ResponseOf<M, N>>;
}

/** The same client, for a server whose handlers are `M`, the `Messages` of a generated client: `typed<Messages>(client).call("math.add", [1, 2])`. */
export const typed = <M>(client: Client): TypedClient<M> => client;
