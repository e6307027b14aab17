/// <reference lib="esnext.disposable" preserve="true" />
export type { Backoff } from "./backoff.js";
export {
  type CallOptions,
  Client,
  type ClientOptions,
  type ClientState,
  type ConnectOptions,
  type Pending,
  type Source,
  type Target,
} from "./client.js";
export { Extension } from "./codec.js";
export {
  ConnectionError,
  type Fields,
  MaybeExecutedError,
  NotSentError,
  OverflowError,
  type Problem,
  StreamBrokenError,
  SwillError,
  textsOf,
  ValidationError,
} from "./errors.js";
export type { Metadata, RequestOptions } from "./exchange.js";
export type { Live, LiveStatus } from "./live.js";
export type { Observable } from "./observable.js";
export { type QueueOptions, Stream, type StreamOptions, type StreamSnapshot } from "./stream.js";
export {
  type Again,
  answer,
  type AnswerSnapshot,
  items,
  type ItemsSnapshot,
  type KeepOptions,
  messages,
  type MessagesSnapshot,
  type Name,
  perFrame,
  type SharedStore,
  type Store,
} from "./store.js";
export {
  type Member,
  type Position,
  Presence,
  type PresenceSnapshot,
  presence,
  publish,
  type PublishOptions,
  Topic,
  type TopicEvent,
  type TopicOptions,
  type TopicSnapshot,
  topic,
} from "./topic.js";
export { type Described, type Given, type NamesOf, type RequestOf, type ResponseOf, typed, type TypedClient } from "./typed.js";
export { type Ending, type Port, portTransport, type Transport, type WebSocketClass, type WebSocketLike } from "./transport.js";
