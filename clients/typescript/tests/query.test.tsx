// @vitest-environment happy-dom
import { focusManager, onlineManager, QueryClient, QueryClientProvider, useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { Client, NotSentError } from "../src/index.js";
import { mutationOptions, queryOptions, streamedQueryOptions } from "../src/query.js";
import { FakeServer, settle } from "../src/testing.js";

let server: FakeServer;
let client: Client;
let cache: QueryClient;
let place: HTMLElement;
let root: Root;

beforeEach(async () => {
  server = new FakeServer();
  client = new Client();
  await client.connect(server.target);
  cache = new QueryClient();
  place = document.createElement("div");
  root = createRoot(place);
  return () => {
    root.unmount();
    client.close();
    cache.clear();
  };
});

function draw(children: ReactNode) {
  root.render(
    <StrictMode>
      <QueryClientProvider client={cache}>{children}</QueryClientProvider>
    </StrictMode>,
  );
}

const shows = (text: string) => vi.waitFor(() => expect(place.textContent).toBe(text));
const hasSent = (count: number) => vi.waitFor(() => expect(server.link.sent).toHaveLength(count));

describe("a query", () => {
  it("is an answer, asked for once in StrictMode, with its type", async () => {
    function Sum() {
      const { data, status, error } = useQuery(queryOptions<number>(client, "add", [1, 2]));
      expectTypeOf(data).toEqualTypeOf<number | undefined>();
      expectTypeOf(error).toEqualTypeOf<Error | null>();
      return `${status} ${data}`;
    }
    draw(<Sum />);
    await hasSent(1);
    expect(server.link.sent).toEqual([[2, [1, 2], "add"]]);
    server.link.reply(2, 3);

    await shows("success 3");
    expect(server.link.sent).toHaveLength(1);
  });

  it("is cancelled at the server when nobody shows it any more", async () => {
    const Sum = () => useQuery(queryOptions(client, "add", [1, 2])).status;
    draw(<Sum />);
    await hasSent(1);

    draw(null);

    await hasSent(2);
    expect(server.link.last).toEqual([2, null, "add", 3]);
  });

  it("has a key of name and data, also of data that JSON does not know", () => {
    const key = (data: unknown) => queryOptions(client, "get", data).queryKey;

    expect(key({ id: 1 })).toEqual(["swill", "get", { id: 1 }]);
    expect(key({ id: 1n })).toEqual(["swill", "get", { id: "1n" }]);
    expect(key(new Map([[1, new Set([2])]]))).toEqual(["swill", "get", [[1, [2]]]]);
    expect(key(undefined)).toEqual(["swill", "get", null]);
  });

  it("is tried again when the server says that this helps, and not before it wishes", async () => {
    const { retry, retryDelay } = queryOptions(client, "get");
    const problem = async (code: number, data?: unknown) => {
      const failed = client.call("get").catch((e) => e);
      server.link.fail(server.link.last[0], code, "no", data);
      return failed;
    };
    expect([retry(0, await problem(403)), retry(0, await problem(429)), retry(3, await problem(429))]).toEqual([false, true, false]);
    expect(retry(0, new NotSentError("away"))).toBe(true);
    expect(retryDelay(0, await problem(429, { retry_after_ms: 70 }))).toBe(70);
    expect([0, 1, 2].map((n) => retryDelay(n, new NotSentError("away")))).toEqual([1000, 2000, 4000]);
  });

  it("is null where the answer is an empty stream", async () => {
    const data = cache.fetchQuery(queryOptions(client, "get"));
    await hasSent(1);
    server.link.reply(2, null, 1);

    expect(await data).toBe(null);
  });
});

describe("a mutation", () => {
  it("calls with its variables", async () => {
    let buy!: (order: { sku: string }) => void;
    function Buy() {
      const { mutate, data, error } = useMutation(mutationOptions<number, { sku: string }>(client, "shop.buy"));
      buy = mutate;
      return `${data} ${error?.message}`;
    }
    draw(<Buy />);
    await shows("undefined undefined");
    buy({ sku: "tea" });
    await hasSent(1);
    expect(server.link.last).toEqual([2, { sku: "tea" }, "shop.buy"]);
    server.link.reply(2, 7);
    await shows("7 undefined");

    buy({ sku: "none" });
    await hasSent(2);
    server.link.fail(3, 409, "sold");

    await shows("undefined sold");
  });
});

describe("a streamed query", () => {
  const Ticks = () => {
    const { data, status, fetchStatus } = useQuery(streamedQueryOptions<number>(client, "ticks", 9, { keep: 3 }));
    expectTypeOf(data).toEqualTypeOf<readonly number[] | undefined>();
    return `${status} ${fetchStatus} ${data}`;
  };

  async function drawTicks() {
    draw(<Ticks />);
    await hasSent(1);
  }

  it("shows the newest items as they come, and keeps them when it has ended", async () => {
    await drawTicks();
    server.link.reply(2, 1);
    await shows("success fetching 1");
    for (const i of [2, 3, 4, 5]) server.link.reply(2, i);
    await shows("success fetching 3,4,5");
    server.link.reply(2, null, 1);

    await shows("success idle 3,4,5");
    expect(server.link.sent).toEqual([[2, 9, "ticks"]]);
  });

  it("is written at most once in a frame, however much comes", async () => {
    await drawTicks();
    const write = vi.spyOn(cache, "setQueryData");
    let frames = 0;
    const count = () => (frames++, requestAnimationFrame(count));
    count();
    for (let i = 1; i <= 5000; i++) {
      server.link.reply(2, i);
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve)); // it may write after each hundred
    }
    await shows("success fetching 4998,4999,5000");

    expect(write.mock.calls.length).toBeLessThanOrEqual(frames + 5); // a machine that stands still has no frames, and then it writes every 250 ms
    expect(write.mock.calls.every(([, data]) => (data as number[]).length <= 3)).toBe(true);
  });

  it("neither begins anew nor loses anything when the page gets the focus, the network comes back, or somebody else shows it", async () => {
    await drawTicks();
    server.link.reply(2, 1);
    server.link.reply(2, null, 1);
    await shows("success idle 1");

    focusManager.setFocused(false);
    focusManager.setFocused(true);
    onlineManager.setOnline(false);
    onlineManager.setOnline(true);
    draw([<Ticks key="a" />, <Ticks key="b" />]);
    await shows("success idle 1success idle 1");
    await settle();
    focusManager.setFocused(undefined);

    expect(server.link.sent).toHaveLength(1);
  });

  it("keeps what there is until the first new item, when it is fetched anew", async () => {
    await drawTicks();
    server.link.reply(2, 1);
    server.link.reply(2, null, 1);
    await shows("success idle 1");
    void cache.refetchQueries();
    await hasSent(2);
    await shows("success fetching 1");

    server.link.reply(3, 2);

    await shows("success fetching 2");
  });

  it("fails with its data kept when the stream breaks, and is not begun anew by itself", async () => {
    await drawTicks();
    server.link.reply(2, 1);
    await shows("success fetching 1");
    server.link.fail(2, 503, "down", { retryable: true });

    await shows("error idle 1");
    expect(server.link.sent).toHaveLength(1);
  });

  it("is cancelled at the server when nobody shows it any more", async () => {
    await drawTicks();
    server.link.reply(2, 1);
    await shows("success fetching 1");

    draw(null);

    await hasSent(2);
    expect(server.link.last).toEqual([2, null, "ticks", 3]);
  });

  it("has a reducer of the application's", async () => {
    const options = streamedQueryOptions<string, string>(client, "tokens", null, {
      initialValue: "",
      reducer: (text, token) => text + token,
    });
    const data = cache.fetchQuery(options);
    await hasSent(1);
    for (const token of ["He", "llo"]) server.link.reply(2, token);
    server.link.reply(2, null, 1);

    expect(await data).toBe("Hello");
    expectTypeOf(await data).toEqualTypeOf<string>();
  });
});
