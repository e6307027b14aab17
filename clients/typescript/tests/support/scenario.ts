import { Client, publish, topic, ValidationError } from "@swill/swill";

/** What a platform has to be able to, by what every JavaScript has: run in browsers, Deno and Bun against swill-gateway. Gives what was seen. */
export async function scenario(url: string, adminToken: string): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  const client = new Client({ backoff: { firstMs: 50, longestMs: 200 } });
  await client.connect(url);

  const sums = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.call<number>("math.add", [i, 1])));
  seen.calls = sums.every((sum, i) => sum === i + 1);
  seen.large = String(await client.call("math.add", [2n ** 53n, 1]));
  seen.fields = await client.call("greeter.hello", { name: "" }).catch((problem) => problem instanceof ValidationError && problem.fields);
  const { at } = await client.call("greeter.hello", { name: "Ada" });
  seen.time = at instanceof Date;

  let ordered = 0;
  async function* lines() {
    for (let i = 0; i < 10_000; i++) yield String(i);
  }
  for await (const line of client.duplex<string>("chat.echo", lines())) ordered += line === String(ordered) ? 1 : -1e9;
  seen.items = ordered;
  seen.upload = await client.upload("math.sum", [1, 2, 3]);
  const ticks = client.stream("clock.ticks", 1000);
  for await (const _ of ticks) break;
  seen.cancelled = ticks.getSnapshot().status;

  const room = topic<{ text: string }>(client, "chat.platform")[Symbol.asyncIterator]();
  await publish(client, "chat.platform", { text: "before" });
  const { connections } = await client.call("swill.connections.list", {}, { metadata: { admin_token: adminToken } });
  const begun = performance.now();
  void client.call("swill.connections.close", { id: connections[0].id, code: 1012 }, { metadata: { admin_token: adminToken } }).catch(() => {});
  while (client.state.status === "connected") await new Promise((resolve) => setTimeout(resolve, 1));
  seen.after = await client.call("math.add", [1, 2], { idempotent: true });
  seen.isBackSoon = performance.now() - begun < 5000;
  await publish(client, "chat.platform", { text: "after" });
  seen.topic = [(await room.next()).value?.data?.text, (await room.next()).value?.data?.text];
  client.close();
  return seen;
}
