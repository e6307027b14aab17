import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, CHROMIUM_ARGUMENTS, missing, serve, type Server } from "../support/servers.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const isLeftOut = missing("swill-conformance", CHROMIUM);

// The functions that `evaluate` takes run in the page, where `swill` is the package.
declare const swill: typeof import("../../src/index.js");
declare const client: import("../../src/index.js").Client;

describe.skipIf(isLeftOut)("in headless Chromium, with the real server", { timeout: 60_000 }, () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await serve("swill-conformance");
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
    page = await open();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** A page with a client that is connected. */
  async function open(prepare?: (page: Page) => Promise<unknown>): Promise<Page> {
    const { outputFiles } = await build({
      stdin: { contents: 'export * from "@swill/swill"', resolveDir: root },
      bundle: true,
      minify: true,
      format: "iife",
      globalName: "swill",
      write: false,
    });
    const page = await browser.newPage();
    await prepare?.(page);
    await page.route("http://good.example/", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
    await page.goto("http://good.example/"); // the only origin that this server lets in
    await page.addScriptTag({ content: `${outputFiles[0]!.text}; var client = new swill.Client();` });
    await page.evaluate((url) => client.connect(url), server.url);
    return page;
  }

  it("offers swill.v1, the name that browsers let pass", async () => {
    expect(await page.evaluate(async () => (await client.call("whoami")).subprotocol)).toBe("swill.v1");
  });

  it("calls, and fails by class", async () => {
    expect(await page.evaluate(() => client.call("add", [1, 2]))).toBe(3);
    expect(await page.evaluate(async () => `${await client.call("echo_int", 2n ** 53n + 1n)}`)).toBe("9007199254740993");
    expect(await page.evaluate(() => client.call("echo_datetime", new Date(5)))).toEqual(new Date(5));
    const problem = await page.evaluate(async () => {
      const e: any = await client.call("first_error", { a: 1, b: 1 }).catch((e) => e);
      return [e instanceof swill.ValidationError, e.code, e.fields];
    });
    expect(problem).toEqual([true, 422, { a: [{ description: "less than 10" }] }]);
  });

  it("streams 100,000 items in order", async () => {
    const count = await page.evaluate(async () => {
      let expected = 0;
      for await (const item of client.stream<number>("burst", 100_000)) {
        if (item !== expected++) throw new Error(`${item} instead of ${expected - 1}`);
      }
      return expected;
    });
    expect(count).toBe(100_000);
  });

  it("uploads, and does both at the same time", async () => {
    expect(await page.evaluate(() => client.upload("sum_stream", Array(10_000).fill(1)))).toBe(10_000);
    const items = await page.evaluate(async () => {
      const items = [];
      for await (const item of client.duplex("echo_stream", [1, "a", null])) items.push(item);
      return items;
    });
    expect(items).toEqual([1, "a", null]);
  });

  it("tells metadata", async () => {
    const told = await page.evaluate(async () => {
      const told: unknown[] = [];
      const note = (m: unknown) => told.push(m);
      await client.call("both_metadata", null, { onLeading: note, onTrailing: note });
      return told;
    });
    expect(told).toEqual([{ lead: 1 }, { trail: 2 }]);
  });

  it("cancels within 50 ms at the handler", async () => {
    const times = await page.evaluate(async (url) => {
      const token = Math.random().toString(36);
      const logged = new swill.Client();
      await logged.connect(`${url}?log=${token}`);
      const ended = async () => (await client.call("hooklog", token)).filter((e: any) => e[0] === "handler.end").length;
      const times: number[] = [];
      for (let i = 0; i < 9; i++) {
        for await (const _ of logged.stream("stall", 1)) break;
        const begun = performance.now();
        while ((await ended()) <= i);
        times.push(performance.now() - begun);
      }
      logged.close();
      return times;
    }, server.url);

    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(50); // the median: others use this machine, too
  });

  it("ends a stream that is read too slowly, and the connection goes on", async () => {
    const [name, sum] = await page.evaluate(async () => {
      const stream = client.stream("burst", 1_000_000);
      await stream.next();
      while (stream.getSnapshot().status === "open") await new Promise((resolve) => setTimeout(resolve, 20));
      const problem = await (async () => {
        for await (const _ of stream);
      })().catch((e) => e);
      return [problem.name, await client.call("add", [1, 1])];
    });
    expect([name, sum]).toEqual(["OverflowError", 2]);
  });

  it("is back within 1 s when a tab is shown that was in the background for ten minutes, and its server restarted", async () => {
    const tab = await open((page) => page.clock.install());
    const port = Number(new URL(server.url).port);
    await server.stop();
    await tab.evaluate(() => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await tab.waitForFunction(() => client.state.attempt > 0);
    await tab.clock.fastForward("10:00");
    await tab.waitForFunction(() => client.state.status === "waiting");
    server = await serve("swill-conformance", [], port);

    const took = await tab.evaluate(async () => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => false });
      const begun = performance.now();
      document.dispatchEvent(new Event("visibilitychange"));
      await new Promise<void>((resolve) => {
        const look = () => client.state.status === "connected" && resolve();
        client.subscribe(look);
        look();
      });
      return performance.now() - begun;
    });

    expect(took).toBeLessThan(1000);
    expect(await tab.evaluate(() => client.call("add", [1, 2]))).toBe(3);
    await tab.close();
  });
});
