import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { swill } from "../support/cli.js";
import { accepts, CHROMIUM, CHROMIUM_ARGUMENTS, freePort, missing, REDIS, serve, serveRedis, Server } from "../support/servers.js";

// swill-chat and its page, apps/examples/chat: in two tabs of one browser, at one server, then at three behind nginx.

const NGINX = "/usr/sbin/nginx";
const client = join(import.meta.dirname, "../..");
const source = join(client, "../../apps/examples/chat/page");

const portOf = (server: Server) => Number(new URL(server.url).port);

/** Starts nginx, which takes the servers in turns, and another where one does not answer. */
async function serveNginx(directory: string, servers: Server[]): Promise<Server> {
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((what) => `${what}_temp_path ${directory};`);
  const file = join(directory, "nginx.conf");
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${directory}/nginx.pid; error_log ${directory}/nginx.log;
    events { worker_connections 64; }
    http {
      access_log off; ${temporary.join(" ")}
      map $http_upgrade $connection_upgrade { default upgrade; '' close; }
      upstream chat { ${servers.map((server) => `server 127.0.0.1:${portOf(server)};`).join(" ")} }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://chat; proxy_http_version 1.1; proxy_set_header Host $http_host;
          proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
        }
      }
    }`,
  );
  const child = spawn(NGINX, ["-c", file], { stdio: "ignore" });
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`nginx has ended with ${child.exitCode}: ${readFileSync(join(directory, "nginx.log"), "utf8")}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return new Server(child, `http://127.0.0.1:${port}`);
}

/** How many connections that server has accepted and still has. */
function connectionsOf(server: Server): number {
  const port = portOf(server).toString(16).toUpperCase().padStart(4, "0");
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
  return lines.filter((line) => new RegExp(`^ *\\d+: 0100007F:${port} [0-9A-F:]+ 01 `).test(line)).length;
}

describe.skipIf(missing("swill-chat", "swill", CHROMIUM))("the chat", { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), "swill-chat-"));
  const page = join(directory, "page");
  const running: Server[] = [];
  let browser: Browser;
  let tabs: BrowserContext;

  beforeAll(async () => {
    execFileSync("npm", ["run", "--silent", "chat", "--", `--outdir=${page}`], { cwd: client });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
    tabs = await browser.newContext({ viewport: { width: 720, height: 400 } });
    tabs.setDefaultTimeout(20_000);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await Promise.all(running.map((server) => server.stop()));
    rmSync(directory, { recursive: true });
  });

  async function start(...options: string[]): Promise<Server> {
    const server = await serve("swill-chat", ["--page", page, ...options]);
    running.push(server);
    return server;
  }

  async function logIn(url: string, name: string): Promise<Page> {
    const tab = await tabs.newPage();
    await tab.goto(url);
    await tab.fill("#name", name);
    await tab.press("#name", "Enter");
    await tab.waitForSelector(`#members div:text-is("${name}")`);
    return tab;
  }

  async function say(tab: Page, words: string): Promise<void> {
    await tab.fill("#text", words);
    await tab.press("#text", "Enter");
  }

  const linesOf = (tab: Page) => tab.$$eval("#lines p", (all) => all.map((p) => `${p.firstChild!.textContent}${p.childNodes[1]!.textContent}`));
  const hears = (tab: Page, words: string) => tab.waitForSelector(`#lines p:has-text("${words}")`);
  const open = (tab: Page, room: string) => tab.click(`#rooms button:has-text("${room}")`);
  const unread = (tab: Page, room: string, count: string) =>
    tab.waitForSelector(`#rooms button:has-text("${room}") span${count ? `:text-is("${count}")` : ":empty"}`, { state: "attached" });

  it("has a client that is made of what it says about itself", async () => {
    const server = await start();
    // After a change: swill-chat --port 8080, and swill gen ts -o apps/examples/chat/page/api.ts
    const { code, out, errors } = swill("gen", "ts", server.url, "--check", "-o", join(source, "api.ts"));

    expect([code, out, errors]).toEqual([0, "", ""]);
    expect(readFileSync(join(source, "chat.ts"), "utf8").split("\n").length - 1).toBeLessThanOrEqual(200);
  });

  it("shows two people what they say, who is there and who types, what is unread, and all of it after a reload", async () => {
    const url = (await start()).url.replace(/^ws(.*)\/ws$/, "http$1/");
    const ann = await logIn(url, "Ann");
    const bob = await logIn(url, "Bob");
    await ann.waitForSelector('#members div:text-is("Bob")');

    await say(ann, "Tea at four?");
    await hears(bob, "Tea at four?");
    await say(bob, "Gladly.");
    await hears(ann, "Gladly.");
    expect(await linesOf(ann)).toEqual(["Ann Tea at four?", "Bob Gladly."]);

    await open(bob, "kitchen");
    await bob.waitForSelector('#members:not(:has-text("Ann"))');
    await say(bob, "The kettle is on.");
    await say(bob, "There is cake, too.");
    await unread(ann, "kitchen", "2");
    expect(await ann.title()).toBe("(2) Swill chat");
    await say(ann, "I bring biscuits.");
    await unread(bob, "lobby", "1");
    await open(bob, "lobby");
    await unread(bob, "lobby", "");

    await bob.fill("#text", "Which");
    await ann.waitForSelector('#typing:has-text("Bob typing …")');
    const { SWILL_ARTIFACTS } = process.env;
    if (SWILL_ARTIFACTS) {
      mkdirSync(SWILL_ARTIFACTS, { recursive: true });
      await ann.screenshot({ path: join(SWILL_ARTIFACTS, "chat.png") });
    }
    await say(bob, "<b>Which</b> ones?");
    await ann.waitForSelector("#typing:empty", { state: "attached" });

    await hears(ann, "<b>Which</b> ones?");
    const [socket] = await Promise.all([ann.waitForEvent("websocket"), ann.reload()]);
    await hears(ann, "<b>Which</b> ones?");
    expect(await linesOf(ann)).toEqual(["Ann Tea at four?", "Bob Gladly.", "Ann I bring biscuits.", "Bob <b>Which</b> ones?"]);
    await unread(ann, "kitchen", "2");
    let isSent = false;
    socket.on("framesent", ({ payload }) => (isSent ||= payload.includes("chat.read") && payload.includes("kitchen")));
    const answered = socket.waitForEvent("framereceived", { predicate: () => isSent });
    await open(ann, "kitchen");
    await hears(ann, "There is cake, too.");
    await answered;
    await ann.reload();
    await hears(ann, "Which");
    await unread(ann, "kitchen", "");
    await unread(bob, "kitchen", "");
    expect(await bob.title()).toBe("Swill chat");
    await bob.close();
    await ann.waitForSelector('#members:not(:has-text("Bob"))');
    await ann.close();
  });

  it.skipIf(missing(NGINX, REDIS))("goes on in a tab whose server is killed, one of three behind nginx", async () => {
    const redis = await serveRedis();
    running.push(redis);
    const servers = await Promise.all([0, 1, 2].map(() => start("--redis", redis.url)));
    const nginx = await serveNginx(directory, servers);
    running.push(nginx);
    const ann = await logIn(nginx.url, "Ann");
    await expect.poll(() => servers.filter((server) => connectionsOf(server) > 0)).toHaveLength(1);
    const hers = servers.find((server) => connectionsOf(server) > 0)!;
    const others = servers.filter((server) => server !== hers);
    let bob = await logIn(nginx.url, "Bob");
    // Until he has another server than she has. As servers take turns, a page of three requests would come to the same one every time: more requests, and another number of them
    // each time, go before.
    for (let more = 1; connectionsOf(hers) > 1; ++more) {
      await bob.close();
      for (let i = 0; i < more; ++i) await fetch(nginx.url);
      bob = await logIn(nginx.url, "Bob");
    }
    await say(bob, "before");
    await hears(ann, "before");

    hers.kill();
    await say(ann, "said without a server");
    await say(bob, "meanwhile");
    await expect.poll(() => others.map(connectionsOf).reduce((sum, count) => sum + count), { timeout: 20_000 }).toBe(2);
    for (const tab of [ann, bob]) {
      for (const words of ["said without a server", "meanwhile"]) await hears(tab, words);
    }
    await say(ann, "after");
    await hears(bob, "after");
    await open(bob, "library");
    await say(bob, "still here");
    await unread(ann, "library", "1");

    const [heardByAnn, heardByBob] = [await linesOf(ann), (await open(bob, "lobby"), await hears(bob, "after"), await linesOf(bob))];
    expect(heardByAnn).toEqual(heardByBob);
    expect([...heardByAnn].sort()).toEqual(["Ann after", "Ann said without a server", "Bob before", "Bob meanwhile"]);
    expect(hers.process.signalCode).toBe("SIGKILL");
  });
});
