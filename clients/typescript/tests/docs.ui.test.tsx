// @vitest-environment happy-dom
import { join } from "node:path";
import { QueryClient, QueryClientProvider, useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { createRoot as createSolidRoot, createSignal, onCleanup } from "solid-js";
import { type Readable, readable } from "svelte/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope, onScopeDispose, type ShallowRef, shallowRef, watchEffect } from "vue";
import type { Messages } from "./generated/gateway.js";
import { asLocalhost, missing, PROGRAMS, serve, type Server } from "./support/servers.js";
// The package as users get it, so that what the pages show is what works.
import { answer, Client, messages, perFrame, publish, type Store, SwillError, typed } from "@swill/swill";
import { mutationOptions, queries, queryOptions, streamedQueryOptions } from "@swill/swill/query";
import { hooks, SwillProvider, useCall, useClient, useStore, useStream, useTopic } from "@swill/swill/react";
import { FakeServer, startGateway } from "@swill/swill/testing";

// What docs/user-interfaces.md shows stands here between marks, and is run.

interface Line {
  from: string;
  text: string;
}

describe.skipIf(missing("swill-gateway"))("the documentation of user interfaces", () => {
  let server: Server;
  let restore: () => void;
  let place: HTMLElement;
  let root: Root;
  let client: Client;

  beforeAll(async () => {
    server = await serve("swill-gateway");
    restore = asLocalhost(server);
  });

  afterAll(async () => {
    restore?.();
    await server?.stop();
  });

  beforeEach(async () => {
    place = document.createElement("div");
    root = createRoot(place);
    client = new Client();
    await client.connect("localhost");
    return () => {
      root.unmount();
      client.close();
    };
  });

  const draw = (children: ReactNode) => root.render(<StrictMode>{children}</StrictMode>);
  const shows = (text: RegExp) => vi.waitFor(() => expect(place.textContent).toMatch(text), 5000);

  it("shows React", async () => {
    // [react]
    const App = () => (
      <SwillProvider target="localhost">
        <Lobby name="Ada" />
      </SwillProvider>
    );

    function Lobby({ name }: { name: string }) {
      const client = useClient();
      const { status } = useStore(client);
      const greeting = useCall<{ text: string }>("greeter.hello", { name });
      const clock = useStream<Date>("clock.ticks", 3);
      const chat = useTopic<Line>("chat.lobby", { keep: 50 });
      return (
        <>
          <p hidden={status === "connected"}>No connection: {status}</p>
          <h1>{greeting.data?.text ?? "…"}</h1>
          <time>{clock.last?.toISOString()}</time>
          <ul>
            {chat.items.map((line, i) => (
              <li key={i}>{`${line.from}: ${line.text}`}</li>
            ))}
          </ul>
          <button disabled={chat.status !== "live"} onClick={() => publish(client, "chat.lobby", { text: "hi" })}>
            Say hi
          </button>
        </>
      );
    }
    // [/react]
    draw(<App />);
    await shows(/Hello, Ada!\d{4}-\d\d-\d\dT/);
    await vi.waitFor(() => expect(place.querySelector("p")!.hidden).toBe(true));
    await vi.waitFor(() => expect(place.querySelector("button")!.disabled).toBe(false));
    place.querySelector("button")!.click();
    await vi.waitFor(() => expect(place.querySelector("li")?.textContent).toBe("guest: hi"));
  });

  it("shows TanStack Query", async () => {
    // [query]
    function Sums({ client }: { client: Client }) {
      const sum = useQuery(queryOptions<number>(client, "math.add", [1, 2]));
      const clock = useQuery(streamedQueryOptions<Date>(client, "clock.ticks", 3, { keep: 100 }));
      const greet = useMutation(mutationOptions<{ text: string }, { name: string }>(client, "greeter.hello"));
      return (
        <>
          <p>{sum.data}</p>
          <p>{clock.data?.length} ticks</p>
          <button onClick={() => greet.mutate({ name: "Ada" })}>{greet.data?.text ?? "Greet"}</button>
        </>
      );
    }
    // [/query]
    draw(
      <QueryClientProvider client={new QueryClient()}>
        <Sums client={client} />
      </QueryClientProvider>,
    );
    await shows(/^33 ticksGreet$/);
    place.querySelector("button")!.click();
    await shows(/^33 ticksHello, Ada!$/);
  });

  it("shows names and messages that are checked", async () => {
    // [typed]
    const { useCall, useStream } = hooks<Messages>();

    function Greeter({ client }: { client: Client }) {
      const greeting = useCall("greeter.hello", { name: "Ada", language: "fr" }); // another name, field or language: tsc says no
      const clock = useStream("clock.ticks", 3);
      const sum = useQuery(queries<Messages>(client).query("math.add", [1, 2]));
      return (
        <>
          <h1>{greeting.data?.text}</h1>
          <time>{clock.last?.getFullYear()}</time>
          <button onClick={() => typed<Messages>(client).call("clock.wait", 10)}>{sum.data?.toFixed(2)}</button>
        </>
      );
    }
    // [/typed]
    draw(
      <QueryClientProvider client={new QueryClient()}>
        <SwillProvider client={client}>
          <Greeter client={client} />
        </SwillProvider>
      </QueryClientProvider>,
    );
    await shows(/^Bonjour, Ada!20\d\d3\.00$/);
  });

  it("shows Vue", async () => {
    // [vue]
    function useStore<S>(store: Store<S>): Readonly<ShallowRef<S>> {
      const now = shallowRef() as ShallowRef<S>;
      const look = () => (now.value = store.getSnapshot());
      onScopeDispose(perFrame(store.subscribe)(look));
      look();
      return now;
    }
    // [/vue]
    const seen: unknown[] = [];
    const scope = effectScope();
    scope.run(() => {
      const sum = useStore(answer<number>(client, "math.add", [1, 2]));
      watchEffect(() => void seen.push(sum.value.data), { flush: "sync" });
    });
    await vi.waitFor(() => expect(seen.at(-1)).toBe(3));
    scope.stop();
  });

  it("shows Svelte", async () => {
    // [svelte]
    function useStore<S>(store: Store<S>): Readable<S> {
      return readable(store.getSnapshot(), (set) => {
        const look = () => set(store.getSnapshot());
        const leave = perFrame(store.subscribe)(look);
        look();
        return leave;
      });
    }
    // [/svelte]
    const chat = useStore(messages<Line>(client, "chat.lobby"));
    const seen: string[] = [];
    const leave = chat.subscribe(({ status, items }) => seen.push(`${status} ${items.map((line) => line.text)}`));
    await vi.waitFor(() => expect(seen.at(-1)).toMatch("live"));
    await publish(client, "chat.lobby", { text: "from Svelte" });
    await vi.waitFor(() => expect(seen.at(-1)).toMatch("from Svelte"));
    leave();
  });

  it("shows Solid", async () => {
    // [solid]
    function useStore<S>(store: Store<S>): () => S {
      const [now, set] = createSignal(store.getSnapshot());
      const look = () => set(() => store.getSnapshot());
      onCleanup(perFrame(store.subscribe)(look));
      look();
      return now;
    }
    // [/solid]
    const { now, dispose } = createSolidRoot((dispose) => ({ now: useStore(answer<number>(client, "math.add", [1, 2])), dispose }));
    await vi.waitFor(() => expect(now().data).toBe(3));
    dispose();
    await vi.waitFor(() => expect(answer(client, "math.add", [1, 2]).getSnapshot().status).toBe("pending")); // nobody listens any more
  });

  it("shows how a test plays the server", async () => {
    const Sum = () => `${useCall("math.add", [1, 2]).data}`;
    // [fake]
    const server = new FakeServer()
      .handle("math.add", ([a, b]) => a + b)
      .handle("clock.ticks", async function* (n: number) {
        for (let i = 0; i < n; i++) yield new Date(i);
      })
      .handle("shop.buy", () => {
        throw new SwillError(409, "sold out");
      });
    const chat = server.topic("chat.lobby");

    draw(
      <SwillProvider target={server.target}>
        <Sum />
      </SwillProvider>,
    );
    await vi.waitFor(() => expect(place.textContent).toBe("3"));

    chat.publish({ from: "Ada", text: "hi" }); // for all who have subscribed
    server.link.lose(); // the connection breaks; the client gets another
    expect(server.link.sent.map(([, data, rpc]) => [rpc, data])).toEqual([["math.add", [1, 2]]]);
    // [/fake]
  });

  it("shows how a test starts the gateway", async () => {
    vi.stubEnv("SWILL_GATEWAY", join(PROGRAMS, "swill-gateway"));
    // [gateway]
    const gateway = await startGateway(["--topic-history", "100"]); // its port is free, its url says which
    try {
      const client = new Client();
      await client.connect(gateway.url);
      expect(await client.call("math.add", [1, 2])).toBe(3);
      client.close();
    } finally {
      await gateway.stop();
    }
    // [/gateway]
    vi.unstubAllEnvs();
  });
});
