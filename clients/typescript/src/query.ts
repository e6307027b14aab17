import {
  type CallOptions,
  type Client,
  type Given,
  type KeepOptions,
  type NamesOf,
  perFrame,
  type RequestOf,
  type ResponseOf,
  type StreamOptions,
  type SwillError,
} from "./index.js";

/** What a function of a query is given, as far as it is used here. */
interface Context {
  client: { setQueryData(key: any, data: any): unknown };
  queryKey: readonly unknown[];
  signal: AbortSignal;
}

type Key = readonly ["swill", string, unknown];

/** Of data that JSON has no text for, one that tells them apart. */
function keyOf(rpc: string, data: unknown): Key {
  const plain = (_: string, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value instanceof Map || value instanceof Set ? [...value] : value;
  return ["swill", rpc, JSON.parse(JSON.stringify(data ?? null, plain))];
}

// The client waits by itself where there is no connection, and this machine can do without a network.
const networkMode = "always" as const;

/** Lets what mounts twice, as StrictMode has it, take back the first before it is sent. */
const once = () => Promise.resolve();

/** Options of a query whose data are the answer of a handler. It is sent again after a lost connection, so it is to be one that changes nothing. */
export function queryOptions<R = any>(client: Client, rpc: string, data?: unknown, options: Omit<CallOptions, "signal"> = {}) {
  return {
    queryKey: keyOf(rpc, data),
    queryFn: async ({ signal }: Pick<Context, "signal">): Promise<R> => {
      await once();
      return (await client.call<any>(rpc, data, { idempotent: true, ...options, signal })) ?? null; // undefined, which only an empty stream gives, is no data
    },
    retry: (failures: number, problem: Error) => failures < 3 && !!(problem as SwillError).retryable,
    retryDelay: (failures: number, problem: Error) => (problem as SwillError).retryAfterMs ?? 1000 * 2 ** failures,
    networkMode,
  };
}

/** Options of a mutation whose variables are the data of a call. */
export function mutationOptions<R = any, V = any>(client: Client, rpc: string, options?: CallOptions) {
  return {
    mutationKey: ["swill", rpc] as const,
    mutationFn: (data: V): Promise<R> => client.call(rpc, data, options),
    networkMode,
  };
}

export interface StreamedOptions<T, D> extends Omit<StreamOptions, "signal">, KeepOptions {
  /** What becomes of the data with each item. Default: a list of the newest. */
  reducer?: (data: D, item: T) => D;
  /** The data before the first item. Default: an empty list. */
  initialValue?: D;
}

/**
 * Options of a query whose data are what a stream has brought, at most once in a frame. The stream begins with the first observer, and ends with the last; it does not begin
 * anew by itself, when the page gets the focus or the network is back. Where it is fetched anew, the data stay until the first new item.
 */
export function streamedQueryOptions<T = any, D = readonly T[]>(
  client: Client,
  rpc: string,
  data?: unknown,
  { keep = 1000, reducer, initialValue, ...options }: StreamedOptions<T, D> = {},
) {
  return {
    queryKey: keyOf(rpc, data),
    queryFn: async ({ client: cache, queryKey, signal }: Context): Promise<D> => {
      await once();
      const list: T[] = [];
      let reduced = initialValue as D;
      const now = () => (reducer ? reduced : (list.slice(Math.max(0, list.length - keep)) as D));
      let changed!: () => void;
      const end = perFrame((listener) => ((changed = listener), () => {}))(() => cache.setQueryData(queryKey, now()));
      try {
        for await (const item of client.stream<T>(rpc, data, { ...options, signal })) {
          if (reducer) reduced = reducer(reduced, item);
          else if (list.push(item) > 2 * keep) list.splice(0, list.length - keep);
          changed();
        }
        return now();
      } finally {
        end();
      }
    },
    staleTime: Infinity,
    refetchOnWindowFocus: false as const,
    refetchOnReconnect: false as const,
    retry: false as const,
    structuralSharing: false as const,
    networkMode,
  };
}

/** The functions above whose names and messages the compiler checks. */
export interface TypedQueries<M> {
  query<N extends NamesOf<M, "unary">>(
    rpc: N,
    ...given: Given<RequestOf<M, N>, Omit<CallOptions, "signal">>
  ): ReturnType<typeof queryOptions<ResponseOf<M, N>>>;
  mutation<N extends NamesOf<M, "unary">>(
    rpc: N,
    options?: CallOptions,
  ): ReturnType<typeof mutationOptions<ResponseOf<M, N>, RequestOf<M, N>>>;
  streamed<N extends NamesOf<M, "down">, D = readonly ResponseOf<M, N>[]>(
    rpc: N,
    ...given: Given<RequestOf<M, N>, StreamedOptions<ResponseOf<M, N>, D>>
  ): ReturnType<typeof streamedQueryOptions<ResponseOf<M, N>, D>>;
}

/** Options for a server whose handlers are `M`, the `Messages` of a generated client: `useQuery(queries<Messages>(client).query("math.add", [1, 2]))`. */
export const queries = <M>(client: Client): TypedQueries<M> => ({
  query: (rpc, ...given) => queryOptions(client, rpc, ...given),
  mutation: (rpc, options) => mutationOptions(client, rpc, options),
  streamed: (rpc, ...given) => streamedQueryOptions(client, rpc, ...given),
});
