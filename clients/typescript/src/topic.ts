import type { Client } from "./client.js";
import type { Metadata, RequestOptions } from "./exchange.js";
import { Live, type LiveStatus, share, sharedBy } from "./live.js";
import { randomId } from "./random.js";
import type { QueueOptions } from "./stream.js";

/** A place in a topic: behind the message `offset` of its incarnation `epoch` (docs/protocol.md §10). */
export interface Position {
  readonly epoch: number;
  readonly offset: number;
}

/** A message of a topic; or, in the place of messages that cannot be had any more, a note that they are missing. */
export type TopicEvent<T> =
  | { readonly missed: false; readonly data: T; readonly position: Position }
  | { readonly missed: true; readonly data: undefined; readonly position: Position };

export interface TopicOptions extends QueueOptions {
  /** Where to begin. Default: at the topic's end; a topic that retains its last message begins with that. */
  since?: Position;
}

export interface TopicSnapshot<T> {
  readonly status: LiveStatus;
  /** The message that came last. It stays while the topic is stale. */
  readonly last: T | undefined;
  /** How many messages have come. */
  readonly received: number;
  /** How often some were missed that cannot be had any more. */
  readonly missed: number;
  /** Behind it everything comes. */
  readonly position: Position | undefined;
  /** Whether everything that was missed came after the last (re)connect. */
  readonly recovered: boolean | undefined;
  readonly problem: Error | undefined;
}

/** A topic of the server, over any number of connections: each message once, in order, and a note where some are missing. */
export class Topic<T> extends Live<TopicSnapshot<T>, TopicEvent<T>> {
  readonly #name: string;
  readonly #forget: () => void;
  #since: Position | undefined;
  #last: T | undefined;
  #received = 0;
  #missed = 0;
  #recovered: boolean | undefined;

  /** @internal */
  constructor(client: Client, name: string, options: TopicOptions, forget: () => void) {
    super(client, "swill.subscribe", options);
    this.#name = name;
    this.#forget = forget;
    this.#since = options.since;
  }

  /** @internal */
  protected override snapshot(): TopicSnapshot<T> {
    return {
      status: this.status,
      last: this.#last,
      received: this.#received,
      missed: this.#missed,
      position: this.#since,
      recovered: this.#recovered,
      problem: this.problem,
    };
  }

  /** @internal */
  protected override request(): unknown {
    return { topic: this.#name, since: this.#since };
  }

  /** @internal */
  protected override begun({ epoch, offset, recovered }: Metadata): void {
    this.#since = { epoch, offset } as Position;
    this.#recovered = recovered as boolean;
    if (!recovered) this.emit(this.#gap(this.#since), 0);
  }

  /** @internal */
  protected override came(item: Partial<Position> & { data?: T }): TopicEvent<T> {
    const position = { epoch: item.epoch ?? this.#since?.epoch, offset: item.offset } as Position;
    this.#since = position;
    if (!("data" in item)) return this.#gap(position);
    this.#received++;
    this.#last = item.data;
    return { missed: false, data: item.data as T, position };
  }

  #gap(position: Position): TopicEvent<T> {
    this.#missed++;
    return { missed: true, data: undefined, position };
  }

  /** @internal */
  protected override ended(): void {
    this.#since = undefined; // who comes back after a pause begins at the topic's end
    this.#forget();
  }
}

function wantClient(client: Client, who: string): void {
  if (typeof client?.begin !== "function") throw new TypeError(`${who} wants a client, and then the name of a topic: ${who}(client, name)`);
}

/** The topic of that name. Without `since`, all who ask a client for a topic get the same object while somebody listens to it. */
export function topic<T = any>(client: Client, name: string, options: TopicOptions = {}): Topic<T> {
  wantClient(client, "topic");
  if (options.since) return new Topic<T>(client, name, options, () => {});
  const key = `topic ${name}`;
  return share(client, key, () => new Topic<T>(client, name, options, () => sharedBy(client).delete(key)));
}

export interface PublishOptions extends RequestOptions {
  /** Who publishes with a key that was used for that topic before publishes nothing. Default: a random one for each call. */
  idempotencyKey?: string;
}

/** Publishes a message, once, however often it has to be sent: it carries a key that survives retries. */
export function publish(
  client: Client,
  name: string,
  data: unknown,
  { idempotencyKey, ...options }: PublishOptions = {},
): Promise<Position> {
  wantClient(client, "publish");
  const idempotency_key = idempotencyKey ?? randomId();
  return client.call("swill.publish", { topic: name, data, idempotency_key }, { ...options, idempotent: true });
}

/** Who is in a topic. */
export interface Member {
  readonly id: string;
  readonly user: string;
  readonly data: any;
}

export interface PresenceSnapshot {
  readonly status: LiveStatus;
  readonly members: readonly Member[];
  readonly problem: Error | undefined;
}

/** The members of a topic that has presence; those that were last known while it is stale. Loops get the list after each change. */
export class Presence extends Live<PresenceSnapshot, readonly Member[]> {
  readonly #name: string;
  readonly #forget: () => void;
  readonly #members = new Map<string, Member>();

  /** @internal */
  constructor(client: Client, name: string, forget: () => void) {
    super(client, "swill.watch_presence", {});
    this.#name = name;
    this.#forget = forget;
  }

  /** @internal */
  protected override snapshot(): PresenceSnapshot {
    return { status: this.status, members: [...this.#members.values()], problem: this.problem };
  }

  /** @internal */
  protected override request(): unknown {
    return { topic: this.#name };
  }

  /** @internal */
  protected override begun(): void {}

  /** @internal */
  protected override came({ members, event, member }: { members?: Member[]; event?: string; member?: Member }) {
    if (members) {
      this.#members.clear();
      for (const one of members) this.#members.set(one.id, one);
    } else if (event === "join") this.#members.set(member!.id, member!);
    else this.#members.delete(member!.id);
    return [...this.#members.values()];
  }

  /** @internal */
  protected override ended(): void {
    this.#members.clear();
    this.#forget();
  }
}

/** Who is in that topic; one object and one request for all who ask. */
export function presence(client: Client, name: string): Presence {
  wantClient(client, "presence");
  const key = `presence ${name}`;
  return share(client, key, () => new Presence(client, name, () => sharedBy(client).delete(key)));
}
