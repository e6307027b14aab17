import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client, publish } from "../../src/index.js";
import { CHROMIUM, CHROMIUM_ARGUMENTS, missing, serve, type Server } from "../support/servers.js";

// A page with the package as users get it, in a real browser with real frames.

const ITEMS = 5000;

const page = `
  import { StrictMode, createElement as h } from "react";
  import { createRoot } from "react-dom/client";
  import { SwillProvider, useTopic } from "@swill/swill/react";

  let renders = 0, frames = 0, sockets = 0;
  const Socket = WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      sockets++;
    }
  };
  const count = () => (frames++, requestAnimationFrame(count));
  requestAnimationFrame(count);

  function Chat({ since }) {
    const { items, received } = useTopic("chat.replay", { since, keep: 100 });
    renders++;
    return received + " " + items[0]?.text + " " + items.length;
  }
  globalThis.draw = (target, since) =>
    createRoot(document.body).render(h(StrictMode, null, h(SwillProvider, { target }, h(Chat, { since }))));
  globalThis.figures = () => ({ renders, frames, sockets });
`;

declare const draw: (target: string, since: unknown) => void;
declare const figures: () => { renders: number; frames: number; sockets: number };

describe.skipIf(missing("swill-gateway", CHROMIUM))("React in headless Chromium", { timeout: 60_000 }, () => {
  let server: Server;
  let browser: Browser;
  const client = new Client();

  beforeAll(async () => {
    server = await serve("swill-gateway", ["--topic-history", `${2 * ITEMS}`]);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
    await client.connect(server.url);
  }, 60_000);

  afterAll(async () => {
    client.close();
    await browser?.close();
    await server?.stop();
  });

  it("draws a replay of 5,000 messages at most once in a frame, over one socket, also in StrictMode", async () => {
    const first = await publish(client, "chat.replay", { text: "0" });
    for (let i = 1; i <= ITEMS; i += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, n) => publish(client, "chat.replay", { text: `${i + n}` })));
    }
    const tab = await browser.newPage();
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const define = { "process.env.NODE_ENV": '"development"' }; // StrictMode mounts twice in this alone
    const { outputFiles } = await build({ stdin: { contents: page, resolveDir: root }, bundle: true, format: "iife", define, write: false });
    const origin = new URL(server.url).origin.replace("ws", "http");
    await tab.route(`${origin}/`, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><body></body>" }));
    await tab.goto(`${origin}/`);
    await tab.addScriptTag({ content: outputFiles[0]!.text });

    await tab.evaluate(([url, since]) => draw(url, since), [server.url, first] as const);
    await tab.waitForFunction((count) => document.body.textContent?.startsWith(`${count} `), ITEMS);

    const { renders, frames, sockets } = await tab.evaluate(() => figures());
    console.log(`${ITEMS} messages: ${renders} calls of the component, which StrictMode doubles, in ${frames} frames`);
    expect(await tab.evaluate(() => document.body.textContent)).toBe(`${ITEMS} ${ITEMS - 99} 100`);
    expect(renders).toBeLessThanOrEqual(2 * (frames + 2)); // the first time and its repetition are drawn in no frame of the counter
    expect(renders).toBeLessThan(ITEMS / 10);
    expect(sockets).toBe(1);
  });
});
