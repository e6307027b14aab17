import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client, publish, topic } from "../../src/index.js";
import { missing, serve, type Server } from "../support/servers.js";

// The short form of what ./dev bench typescript does for minutes.

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(missing("swill-gateway"))("a topic of 1,000 messages/s that is read at 10/s", { timeout: 60_000 }, () => {
  let server: Server;
  const [writer, reader] = [new Client(), new Client()];

  beforeAll(async () => {
    server = await serve("swill-gateway");
    for (const client of [writer, reader]) await client.connect(server.url);
  });

  afterAll(async () => {
    for (const client of [writer, reader]) client.close();
    await server?.stop();
  });

  it("takes no more memory than its queue, however long it goes on", async () => {
    const chat = topic<{ text: string }>(reader, "chat.slow");
    let isOver = false;
    const reading = (async () => {
      for await (const _ of chat) {
        if (isOver) break;
        await sleep(100);
      }
    })();
    const leave = chat.subscribe(() => {}); // so that messages come also when the loop has been told that it is too slow
    while (chat.getSnapshot().status !== "live") await sleep(5);
    const text = "x".repeat(1000);
    const heaps: number[] = [];

    const since = performance.now();
    for (let published = 0; published < 6000; ) {
      const due = Math.min(6000, published + 100, performance.now() - since);
      const batch: Promise<unknown>[] = [];
      for (; published < due; published++) batch.push(publish(writer, "chat.slow", { text }));
      await Promise.all(batch);
      await sleep(5);
      if (published >= 2000 * (heaps.length + 1)) {
        gc!();
        heaps.push(process.memoryUsage().heapUsed);
      }
    }

    while (chat.getSnapshot().received < 6000) await sleep(5);
    expect(heaps).toHaveLength(3);
    expect(heaps[2]! - heaps[0]!).toBeLessThan(1_000_000); // 4 MB have come since
    isOver = true;
    leave();
    reader.close();
    await reading.catch(() => {});
  });
});
