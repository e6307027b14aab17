import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { decode, encode } from "../src/codec.js";
import { Client } from "../src/index.js";

describe("a WebSocket", () => {
  let server: WebSocketServer;
  let address: string;
  /** What the connections have agreed on. */
  let extensions: string[];

  beforeEach(async () => {
    extensions = [];
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: { threshold: 0 } });
    server.on("connection", (socket) => {
      extensions.push(socket.extensions);
      socket.on("message", (bytes: Buffer) => {
        const [seq, data] = decode(bytes) as [number, unknown];
        socket.send(encode([seq, data, 0, null, null]));
      });
    });
    await once(server, "listening");
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => server.close());

  async function echoAll(client: Client) {
    await client.connect(address);
    const values = Array.from({ length: 200 }, (_, i) => `${i}`.repeat(i));
    const answers = await Promise.all(values.map((value) => client.call("echo", value)));
    client.close();
    expect(answers).toEqual(values);
  }

  it("does not ask for compression, which small messages do not gain by", async () => {
    await echoAll(new Client());

    expect(extensions).toEqual([""]);
  });

  it("that a server refuses by 404 fails the first connect at once, and says where it was", async () => {
    const web = createServer((_, response) => response.writeHead(404).end());
    web.on("upgrade", (_, socket) => socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"));
    await once(web.listen(0, "127.0.0.1"), "listening");
    const place = `127.0.0.1:${(web.address() as AddressInfo).port}/typo`;
    const client = new Client({ token: () => "secret" });

    const problem = await client.connect(place, { timeoutMs: Infinity }).catch((e) => e);

    expect(problem).toMatchObject({ name: "ConnectionError", code: 404, message: `no connection to ws://${place}: the server answered 404` });
    expect(client.state).toMatchObject({ status: "closed", reason: problem.message });
    web.close();
  });

  it("is that of ws in Node, also where Node has one", async () => {
    vi.stubGlobal(
      "WebSocket",
      class {
        constructor() {
          throw new Error("not this one");
        }
      },
    );
    await echoAll(new Client());
    vi.unstubAllGlobals();
  });

  it("of an application's own may compress, later than it is handed the bytes", async () => {
    class Compressing extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { perMessageDeflate: { threshold: 0 } });
      }
    }
    await echoAll(new Client({ webSocket: Compressing }));

    expect(extensions).toEqual(["permessage-deflate"]);
  });
});
