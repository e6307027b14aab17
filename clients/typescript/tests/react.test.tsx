// @vitest-environment happy-dom
import { act, type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Client } from "../src/index.js";
import { SwillProvider, useCall, useClient, useStore, useStream, useTopic } from "../src/react.js";
import { FakeServer, settle } from "../src/testing.js";

let server: FakeServer;
let root: Root;
let frames: Map<number, () => void>;
let place: HTMLElement;

beforeEach(() => {
  server = new FakeServer();
  frames = new Map();
  let last = 0;
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => (frames.set(++last, callback), last));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => frames.delete(id));
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  place = document.createElement("div");
  root = createRoot(place);
});

afterEach(async () => {
  await act(async () => root.unmount());
  vi.unstubAllGlobals();
});

/** Draws `children` in a StrictMode and a provider that connects. */
const draw = (children: ReactNode) =>
  act(async () => {
    root.render(
      <StrictMode>
        <SwillProvider target={server.target}>{children}</SwillProvider>
      </StrictMode>,
    );
    await settle();
  });

/** A frame of the page: what waits for it is drawn. */
const frame = () =>
  act(async () => {
    await settle();
    const due = [...frames.values()];
    frames.clear();
    for (const callback of due) callback();
  });

const text = () => place.textContent;

describe("in StrictMode, which mounts everything twice", () => {
  it("there is one socket, and one request each", async () => {
    function Page() {
      useCall("get", { id: 1 });
      useStream("ticks", 5);
      useTopic("chat");
      return null;
    }
    await draw(<Page />);

    expect(server.attempts).toBe(1);
    expect(server.link.sent.map(([, data, rpc, type]) => [data, rpc, type])).toEqual([
      [{ id: 1 }, "get", undefined],
      [5, "ticks", undefined],
      [{ topic: "chat" }, "swill.subscribe", undefined],
    ]);
  });

  it("components that ask for the same share it, until the last is gone", async () => {
    const Ticks = () => useStream<number>("ticks", { every: 5 }).items.join();
    await draw([<Ticks key="a" />, <Ticks key="b" />]);
    server.link.reply(2, 7);
    await frame();
    expect(text()).toBe("77");
    expect(server.link.sent).toHaveLength(1);

    await draw([<Ticks key="a" />, <Ticks key="c" />]); // one goes and one comes in one go
    expect(text()).toBe("77");
    expect(server.link.sent).toHaveLength(1);
    await draw([]);

    expect(server.link.sent.slice(1)).toEqual([[2, null, "ticks", 3]]);
  });

  it("a component that asks for something else leaves what it had", async () => {
    const Item = ({ id }: { id: number }) => `${useStream<string>("watch", id).last}`;
    await draw(<Item id={1} />);
    server.link.reply(2, "one");
    await frame();
    expect(text()).toBe("one");

    await draw(<Item id={2} />);

    expect(text()).toBe("undefined"); // not what belongs to another
    expect(server.link.sent.slice(1)).toEqual([
      [3, 2, "watch"],
      [2, null, "watch", 3],
    ]);
  });
});

describe("the provider", () => {
  it("closes its client when it is unmounted, and connects another to another place", async () => {
    const other = new FakeServer();
    const clients = new Set<Client>();
    const Note = () => (clients.add(useClient()), null);
    const at = (target: FakeServer["target"], id: string) =>
      act(async () => {
        root.render(
          <SwillProvider key={id} target={target}>
            <Note />
          </SwillProvider>,
        );
        await settle();
      });
    await at(server.target, "a");
    await at(other.target, "b");

    expect([server.link.closed, other.link.closed]).toEqual([true, false]);
    await act(async () => root.render(null));
    await settle();
    expect(other.link.closed).toBe(true);
    expect([...clients].map((client) => client.state.status)).toEqual(["closed", "closed"]);
  });

  it("keeps its connection when a function that says where to is made anew", async () => {
    const Again = ({ n }: { n: number }) => <SwillProvider target={() => server.target()}>{n}</SwillProvider>;
    for (const n of [1, 2, 3]) {
      await act(async () => root.render(<Again n={n} />));
      await act(settle);
    }

    expect([text(), server.attempts, server.link.closed]).toEqual(["3", 1, false]);
  });

  it("takes a client that is the application's, and leaves it open", async () => {
    const client = new Client();
    await client.connect(server.target);
    let given: Client | undefined;
    const Note = () => ((given = useClient()), null);
    await act(async () =>
      root.render(
        <SwillProvider client={client}>
          <Note />
        </SwillProvider>,
      ),
    );
    await act(async () => root.render(null));
    await settle();

    expect(given).toBe(client);
    expect(client.state.status).toBe("connected");
    client.close();
  });

  it("is asked for when there is none", () => {
    const Alone = () => useClient().state.status;

    expect(() => renderToString(<Alone />)).toThrow("there is no SwillProvider above");
    expect(() => renderToString(<SwillProvider target={undefined} />)).toThrow("SwillProvider wants a target, or a client");
  });
});

describe("a hook", () => {
  it("shows an answer, what went wrong, and asks again", async () => {
    let again = () => {};
    function Price({ sku }: { sku: string | null }) {
      const price = useCall<number>(sku && "price", sku);
      again = price.again;
      return `${price.status} ${price.data} ${price.problem?.message}`;
    }
    await draw(<Price sku={null} />);
    expect(text()).toBe("idle undefined undefined");
    await draw(<Price sku="tea" />);
    expect(text()).toBe("pending undefined undefined");
    server.link.reply(2, 3);
    await frame();
    expect(text()).toBe("done 3 undefined");

    await act(async () => again());
    server.link.fail(3, 409, "sold");
    await frame();

    expect(text()).toBe("failed 3 sold");
  });

  it("shows what a client or another store is", async () => {
    const Banner = () => useStore(useClient()).status;
    await draw(<Banner />);
    await frame();
    expect(text()).toBe("connected");

    server.link.lose();
    await frame();

    expect(text()).toBe("waiting");
  });

  it("is drawn at most once in a frame, while 5,000 messages come one by one", async () => {
    let renders = 0;
    function Chat() {
      const { items, received } = useTopic<number>("chat", { keep: 100, since: { epoch: 1, offset: 0 } });
      renders++;
      return `${received} ${items[0]} ${items.length}`;
    }
    await draw(<Chat />);
    const before = renders;
    let drawn = 0;
    for (let i = 1; i <= 5000; i++) {
      server.link.reply(2, { offset: i, data: i });
      await settle(); // so React could draw after each
      if (i % 500 === 0) {
        await frame();
        drawn++;
      }
    }

    expect(text()).toBe("5000 4901 100");
    expect(drawn).toBe(10);
    expect(renders - before).toBeLessThanOrEqual(2 * drawn); // StrictMode calls a component twice to draw it
  });

  it("is drawn on a server, where nobody asks and nothing connects", () => {
    function Page() {
      return `${useCall("get").status} ${useStream("ticks").status} ${useTopic("chat").status}`;
    }
    const html = renderToString(
      <SwillProvider target={server.target}>
        <Page />
      </SwillProvider>,
    );

    expect(html).toBe("pending open opening");
    expect(server.attempts).toBe(0);
  });
});
