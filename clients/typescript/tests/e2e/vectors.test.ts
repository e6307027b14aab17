import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode as decodeBytes } from "../../src/codec.js";
import { Client, type Metadata, SwillError } from "../../src/index.js";
import { openWebSocket } from "../../src/transport.js";
import { missing, serve, type Server } from "../support/servers.js";

// The client's side of the conformance vectors: from each conversation that an honest client can have, the client is asked to make the same
// request, and has to send the bytes of the vector and to understand what comes back.

interface Vector {
  id: string;
  steps: Record<string, any>[];
}

/** A request of a vector: its envelopes, decoded, and the bytes of those of the response. */
interface Conversation {
  id: string;
  rpc: string;
  metadata: Metadata | undefined;
  /** The hex of each envelope with data. */
  sent: string[];
  items: unknown[];
  /** It has an END_OF_STREAM. */
  isUpload: boolean;
  answers: any[][];
  error: number | undefined;
}

const directory = fileURLToPath(new URL("../../../../tests/conformance", import.meta.url));
const decode = (hex: string): any => decodeBytes(new Uint8Array(Buffer.from(hex, "hex")));
const [MESSAGE, END_OF_STREAM, METADATA, ERROR] = [0, 1, 2, 3];

/** Steps that only look whether nothing else happens. */
const harmless = (step: Record<string, any>) => "quiet" in step || "probe" in step;

/** The requests of a vector that does nothing but send whole messages and receive others. */
function conversationsOf({ id, steps }: Vector): Conversation[] {
  const acts = steps.filter((step) => !harmless(step));
  if (!acts.every((step) => (typeof step.send === "string" && !step.chunks) || step.recv)) return [];
  const bySeq = new Map<number, { sent: string[]; received: any[] }>();
  for (const { send, recv } of acts) {
    let seq: number;
    try {
      seq = send ? decode(send)[0] : typeof recv === "string" ? decode(recv)[0] : recv.error.seq;
    } catch {
      return []; // no client sends that, or the answer is none
    }
    if (!bySeq.has(seq)) bySeq.set(seq, { sent: [], received: [] });
    if (send) bySeq.get(seq)!.sent.push(send);
    else bySeq.get(seq)!.received.push(recv);
  }
  const groups = [...bySeq.values()].map(({ sent, received }) => conversationOf(id, sent, received));
  return groups.filter((c) => c !== undefined);
}

/** Undefined for what an honest client does not send, such as CANCEL for what is over, or items behind the end. */
function conversationOf(id: string, sends: string[], received: any[]): Conversation | undefined {
  const envelopes = sends.map(decode);
  const types = envelopes.map((e) => e[3] ?? 0);
  const [, , rpc, , metadata] = envelopes[0] ?? [];
  const isUpload = types.at(-1) === END_OF_STREAM;
  const isHonest =
    envelopes.every((e, i) => e.length >= 3 && e[2] === rpc && types[i] === MESSAGE || i === 0 && types[0] === METADATA || isUpload && i === types.length - 1) &&
    (isUpload || envelopes.length === 1) && typeof rpc === "string";
  if (!isHonest || types[0] === METADATA && !isUpload) return undefined;
  if (metadata && (typeof metadata !== "object" || "timeout_ms" in metadata)) return undefined;
  const answers: any[][] = [];
  let error: number | undefined;
  for (const recv of received) {
    if (typeof recv === "string") {
      const answer = decode(recv);
      if (answer[2] === ERROR) error = answer[1].code;
      else answers.push(answer);
    } else if (typeof recv.error?.code === "number") error = recv.error.code;
    else return undefined;
  }
  if (answers.length === 0 && error === undefined) return undefined;
  const sent = sends.filter((_, i) => types[i] === MESSAGE);
  const items = envelopes.filter((_, i) => types[i] === MESSAGE).map((e) => e[1]);
  return { id, rpc, metadata: metadata ?? undefined, sent, items, isUpload, answers, error };
}

/** Vectors whose requests have several forms on the wire: longer headers, whole numbers as floats. This client sends the shortest. */
const otherForms = new Set([
  "basic/noncanonical_headers",
  "types/struct_key_order",
  "types/struct_midpoint",
  "types/type_any",
  "types/type_bytes",
  "types/type_int",
  "types/type_list",
]);
/** Vectors about what a JavaScript object or number cannot say, keys that are integers or floats that are whole; or what a call is not. */
const notSaid = new Set([
  "metadata/meta_bad_types",
  "streaming/stream_response_eos_from_client",
  "types/type_dict_int",
  "types/type_dict_refused",
  "types/type_tuple_fixed",
  "types/type_uint_refused",
]);

const all: Vector[] = readdirSync(`${directory}/vectors`)
  .filter((name) => ["basic", "types", "streaming", "metadata", "errors", "validation"].includes(name.replace(".jsonl", "")))
  .flatMap((name) => readFileSync(`${directory}/vectors/${name}`, "utf8").trim().split("\n"))
  .map((line) => JSON.parse(line));
const conversations = all.filter(({ id }) => !notSaid.has(id)).flatMap(conversationsOf);

describe.skipIf(missing("swill-conformance"))("the conformance vectors, from the client's side", () => {
  let server: Server;
  let client: Client;
  let sent: Uint8Array[] = [];

  beforeAll(async () => {
    server = await serve("swill-conformance");
    client = new Client();
    await client.connect(async ({ signal }) => {
      const transport = await openWebSocket(new URL(server.url), undefined, signal);
      const { send } = transport;
      transport.send = (bytes) => {
        sent.push(bytes.slice()); // they are good until this returns
        send(bytes);
      };
      return transport;
    });
  });

  afterAll(async () => {
    client?.close();
    await server?.stop();
  });

  it("are hundreds", () => {
    console.log(`${conversations.length} requests of ${all.length} vectors`);
    expect(conversations.length).toBeGreaterThan(200);
  });

  it.each(conversations)("$id", async ({ id, rpc, metadata, sent: expected, items, isUpload, answers, error }) => {
    sent = [];
    const told: unknown[] = [];
    const note = (m: Metadata) => told.push(m);
    const options = { metadata, onLeading: note, onTrailing: note };
    const ends = answers.some((a) => a[2] === END_OF_STREAM);
    const messages = answers.filter((a) => a[2] === MESSAGE);
    const got: unknown[] = [];
    const run = async () => {
      if (ends || messages.length > 1 || (messages.length > 0 && error !== undefined)) {
        const stream = isUpload ? client.duplex(rpc, items, options) : client.stream(rpc, items[0], options);
        for await (const item of stream) got.push(item);
      } else got.push(await (isUpload ? client.upload(rpc, items, options) : client.call(rpc, items[0], options)));
    };
    const problem = await run().catch((e) => e);

    if (error === undefined) expect(problem).toBeUndefined();
    else {
      expect(problem).toBeInstanceOf(SwillError);
      expect(problem.code).toBe(Number(error));
    }
    expect(got).toEqual(messages.map((a) => a[1]));
    expect(told).toEqual(answers.flatMap((a) => [a[3], a[4]]).filter((m) => m));
    const requests = sent.map((bytes) => [bytes, decodeBytes(bytes) as any[]] as const).filter(([, e]) => (e[3] ?? 0) === MESSAGE);
    // The data of each item, byte by byte: what stands behind the seq and before the rpc.
    const rpcBytes = Buffer.from(rpc).toString("hex");
    const dataOf = (hex: string, seq: number) => {
      const head = 2 + 2 * (seq < 128 ? 1 : seq < 256 ? 2 : seq < 65536 ? 3 : seq < 2 ** 32 ? 5 : 9);
      return hex.slice(head, hex.lastIndexOf(rpcBytes));
    };
    const bytesSent = requests.map(([bytes, e]) => dataOf(Buffer.from(bytes).toString("hex"), e[0]));
    const bytesExpected = expected.slice(0, bytesSent.length).map((hex) => dataOf(hex, decode(hex)[0]));
    if (otherForms.has(id)) return;
    expect(bytesSent).toEqual(bytesExpected);
  });
});
