import { createContext, createElement, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import {
  answer,
  type AnswerSnapshot,
  type CallOptions,
  Client,
  type ClientOptions,
  type Given,
  items,
  type ItemsSnapshot,
  type KeepOptions,
  messages,
  type MessagesSnapshot,
  type Name,
  type NamesOf,
  perFrame,
  type RequestOf,
  type ResponseOf,
  type SharedStore,
  type Store,
  type StreamOptions,
  type Target,
  type TopicOptions,
} from "./index.js";

const Context = createContext<Client | undefined>(undefined);

/** How many components hold a client that is connected by them. */
const holders = new WeakMap<Client, number>();

/** Connects a client, until what is returned has been called as often. Closing is put off: who lets go and holds in one go, as StrictMode does, keeps the connection. */
function hold(client: Client, target: Target): () => void {
  const change = (by: number) => holders.set(client, (holders.get(client) ?? 0) + by);
  change(1);
  client.connect(target, { timeoutMs: Infinity }).catch(() => {}); // its state says why; or it is connected still
  return () => {
    change(-1);
    queueMicrotask(() => holders.get(client) || client.close());
  };
}

export interface SwillProviderProps {
  /** A client that the application connects and closes. */
  client?: Client;
  /** Without `client`: where one is connected to as long as this is mounted. A function is taken once; one that waits for an address may give a promise. */
  target?: Target;
  /** What that client is made with, once. */
  options?: ClientOptions;
  children?: ReactNode;
}

/** Gives the components below it a client. */
export function SwillProvider({ client: given, target, options, children }: SwillProviderProps): ReactNode {
  if (!given && target === undefined) throw new TypeError("SwillProvider wants a target, or a client");
  const place = typeof target === "function" || String(target);
  const client = useMemo(() => given ?? new Client(options), [given, place]);
  useEffect(() => (given ? undefined : hold(client, target!)), [client]);
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the provider above. */
export function useClient(): Client {
  const client = useContext(Context);
  if (!client) throw new Error("there is no SwillProvider above");
  return client;
}

/** What a client, topic, presence list or other store is now. The component is drawn again at most once in a frame. */
export function useStore<S>(store: Store<S>): S {
  const { subscribe, getSnapshot } = store;
  return useSyncExternalStore(
    useMemo(() => perFrame(subscribe), [subscribe]),
    getSnapshot,
    getSnapshot,
  );
}

function useShared<S>(client: Client, store: SharedStore<S>): S {
  return useStore(useMemo(() => store, [client, store.key]));
}

/** The answer to a question, asked while the component is mounted; equal questions are one. What changes something is called by `useClient().call` in an event. */
export function useCall<R = any>(rpc: Name, data?: unknown, options?: Omit<CallOptions, "signal">): AnswerSnapshot<R> {
  const client = useClient();
  return useShared(client, answer<R>(client, rpc, data, options));
}

/** The newest items of a stream, which is open while the component is mounted; equal streams are one. */
export function useStream<T = any>(
  rpc: Name,
  data?: unknown,
  options?: Omit<StreamOptions, "signal"> & KeepOptions,
): ItemsSnapshot<T> {
  const client = useClient();
  return useShared(client, items<T>(client, rpc, data, options));
}

/** `useCall` and `useStream` whose names and messages the compiler checks. */
export interface TypedHooks<M> {
  useCall<N extends NamesOf<M, "unary">>(
    rpc: N | Exclude<Name, string> | "",
    ...given: Given<RequestOf<M, N>, Omit<CallOptions, "signal">>
  ): AnswerSnapshot<ResponseOf<M, N>>;
  useStream<N extends NamesOf<M, "down">>(
    rpc: N | Exclude<Name, string> | "",
    ...given: Given<RequestOf<M, N>, Omit<StreamOptions, "signal"> & KeepOptions>
  ): ItemsSnapshot<ResponseOf<M, N>>;
}

/** The hooks of a server whose handlers are `M`, the `Messages` of a generated client: `const { useCall, useStream } = hooks<Messages>()`. */
export const hooks = <M>(): TypedHooks<M> => ({ useCall, useStream });

/** The newest messages of a topic while the component is mounted. */
export function useTopic<T = any>(name: Name, options?: TopicOptions & KeepOptions): MessagesSnapshot<T> {
  const client = useClient();
  return useShared(client, messages<T>(client, name, options));
}
