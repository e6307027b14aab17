import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, CHROMIUM_ARGUMENTS, missing, serve, type Server } from "../../typescript/tests/support/servers.js";
import { launch, open, page as text, picture } from "./support.ts";

const isLeftOut = missing("swill-gateway", "swill-conformance", CHROMIUM);
const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** What WCAG 2.2 AA finds wrong with the page as it is now, contrast included. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations, incomplete } = await (globalThis as any).axe.run(document, { runOnly: { type: "tag", values: tags } });
    const unsure = incomplete.filter(({ id }: any) => id === "color-contrast");
    return [...violations, ...unsure].flatMap(({ id, nodes }: any) => nodes.map((node: any) => `${id}: ${node.html} ${node.failureSummary}`));
  });
}

const pageOf = (server: Server) => new URL("/playground", server.url.replace("ws:", "http:")).href;

/** Shows that handler, with an empty form. */
async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name: name === "Topics" ? "Any handler" : "Topics" }).click();
  await page.locator("nav a", { hasText: name }).first().click();
  await page.locator("main h2", { hasText: name }).waitFor();
}

/** Waits until the newest request is in that state. */
const newest = async (page: Page, state: string) => {
  const run = page.locator(".run").first();
  await run.locator(".state", { hasText: state }).waitFor();
  return run;
};

const items = (page: Page) => page.locator(".run").first().locator(".items pre").allTextContents();

describe.skipIf(isLeftOut)("with the gateway", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    server = await serve("swill-gateway");
    browser = await launch();
    ({ page, complaints } = await open(browser, pageOf(server)));
    await page.locator("nav a", { hasText: "greeter.hello" }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("lists the handlers, with types, rules and documentation", async () => {
    await choose(page, "greeter.hello");
    await page.locator("summary", { hasText: "Types" }).click();

    expect(await page.locator("nav li").allTextContents()).toContain("chat.echo both stream");
    expect(await page.locator("main").textContent()).toContain("Greets somebody by name.");
    expect(await page.locator("main pre").first().textContent()).toContain("name: str   as it shall be said — length ≥ 1; length < 64");
    await picture(page, "handlers");
  });

  it("calls from a form", async () => {
    await choose(page, "greeter.hello");
    await page.getByLabel("name str").fill("Ada");
    await page.getByLabel("send language").check();
    await page.getByRole("combobox", { name: "language str" }).selectOption("fr");
    await page.getByRole("button", { name: "Call" }).click();

    const run = await newest(page, "ok");
    expect((await items(page))[0]).toContain('"text": "Bonjour, Ada!"');
    expect(await run.locator(".timing").textContent()).toMatch(/^first answer [\d.]+ ms · all [\d.]+ ms · 1 sent, 1 received$/);
    await picture(page, "unary");
  });

  it("sends nothing that the description forbids, and says what is wrong where it is wrong", async () => {
    await choose(page, "greeter.hello");
    const before = await page.locator(".run").count();
    await page.getByRole("button", { name: "Call" }).click();

    const name = page.getByLabel("name str");
    expect(await name.getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator("main .problem:visible").allTextContents()).toEqual(["length less than 1"]);
    expect(await name.evaluate((e) => e === document.activeElement)).toBe(true);
    expect(await page.locator(".run").count()).toBe(before);
    await picture(page, "wrong");
  });

  it("says of letters that are no number that they are none, at their place", async () => {
    await choose(page, "clock.wait");
    const before = await page.locator(".run").count();
    const problems = () => page.locator("main .problem:visible").allTextContents();
    await page.getByLabel("message int").fill("12a");
    await page.getByRole("button", { name: "Call" }).click();
    expect(await problems()).toEqual(["No integer: 12a"]);
    await page.getByLabel("message int").fill("");
    await page.getByRole("button", { name: "Call" }).click();
    expect(await problems()).toEqual(["No integer: it is empty"]);
    expect(await page.locator(".run").count()).toBe(before);

    await page.getByLabel("message int").fill("12a");
    await page.getByLabel("leave checking to the server").check();
    await page.getByRole("button", { name: "Call" }).click();

    await newest(page, "failed");
    expect(await problems()).toContain("Expected int, got str"); // which is what was sent
  });

  it("folds what is over, and takes it away when it is told to", async () => {
    await choose(page, "math.add");
    for (let i = 0; i < 35; i++) {
      await page.getByLabel("item 0 int").fill(String(i));
      await page.getByLabel("item 1 int").fill("1");
      await page.keyboard.press("Control+Enter");
      await page.locator(".run").first().locator(".items pre", { hasText: String(i + 1) }).waitFor();
    }
    expect(await page.locator(".run").count()).toBe(30);
    expect(await page.locator(".run .items:visible").count()).toBe(2);
    await page.locator(".run").nth(5).getByRole("button", { name: "Show" }).click();
    expect(await page.locator(".run .items:visible").count()).toBe(3);
    const unsure = "partially obscured"; // what is below the edge of the window
    expect((await violations(page)).filter((one) => !one.includes(unsure))).toEqual([]);

    const clear = page.getByRole("region", { name: "Requests" }).getByRole("button", { name: "Clear" });
    await clear.click();
    expect(await page.locator(".run").count()).toBe(0);
    expect(await clear.count()).toBe(0);
  });

  it("shows what the server finds wrong at the same place", async () => {
    await choose(page, "greeter.hello");
    await page.getByLabel("leave checking to the server").check();
    await page.getByRole("button", { name: "Call" }).click();

    await newest(page, "failed");
    expect(await page.locator("fieldset .problem:visible").allTextContents()).toEqual(["length less than 1"]);
    expect(await page.locator(".run").first().textContent()).toContain("422 Validation Error");
    await picture(page, "refused");
  });

  it("takes a message as JSON, and brings it from the form and back", async () => {
    await choose(page, "greeter.hello");
    await page.getByLabel("name str").fill("Grace");
    await page.getByLabel("as JSON", { exact: true }).check();
    const area = page.getByLabel("message as JSON");
    expect(await area.inputValue()).toBe('{"name": "Grace"}');
    await area.fill('{"name": "Alan", "language": "de"}');
    await page.getByLabel("as JSON", { exact: true }).uncheck();
    expect(await page.getByLabel("name str").inputValue()).toBe("Alan");
    await page.getByRole("button", { name: "Call" }).click();

    await newest(page, "ok");
    expect((await items(page))[0]).toContain("Guten Tag, Alan!");
  });

  it("shows a stream as it comes", async () => {
    await choose(page, "clock.ticks");
    await page.getByLabel("message int").fill("3");
    await page.getByRole("button", { name: "Call" }).click();

    const run = await newest(page, "ok");
    expect(await items(page)).toHaveLength(3);
    const [first, , last] = (await run.locator("time").allTextContents()).map(Number.parseFloat);
    expect(last! - first!).toBeGreaterThan(900); // two pauses of half a second
    await picture(page, "stream");
  });

  it("cancels by Escape, and the server gets CANCEL", async () => {
    await choose(page, "clock.ticks");
    await page.getByLabel("message int").fill("1000");
    await page.keyboard.press("Control+Enter");
    await page.locator(".run").first().locator(".items li").nth(1).waitFor();
    await page.keyboard.press("Escape");

    await newest(page, "cancelled");
    expect(await page.locator(".envelopes summary").last().textContent()).toMatch(/^→ .* CANCEL {2}\d+ B {2}clock\.ticks$/);
    await picture(page, "cancelled");
  });

  it("uploads item by item", async () => {
    await choose(page, "math.sum");
    for (const number of ["1", "2.5", "-1"]) {
      await page.getByLabel("item float").fill(number);
      await page.getByRole("button", { name: "Send item" }).click();
    }
    await page.locator(".run").first().locator(".timing", { hasText: "4 sent" }).waitFor(); // METADATA opens it
    await page.getByRole("button", { name: "End stream" }).click();

    await newest(page, "ok");
    expect(await items(page)).toEqual(["2.5"]);
    await picture(page, "upload");
  });

  it("sends and receives at the same time", async () => {
    await choose(page, "chat.echo");
    await page.getByLabel("item str").fill("one");
    await page.keyboard.press("Control+Enter");
    await page.locator(".run").first().locator(".items li").waitFor();
    await page.getByLabel("item str").fill("<img src=x onerror=alert(1)>");
    await page.keyboard.press("Control+Enter");
    await page.locator(".run").first().locator(".items li").nth(1).waitFor();
    await page.keyboard.press("Control+Shift+Enter");

    await newest(page, "ok");
    expect(await items(page)).toEqual(['"one"', '"<img src=x onerror=alert(1)>"']);
    expect(await page.locator("img").count()).toBe(0);
    await picture(page, "both");
  });

  it("shows envelopes decoded and as bytes", async () => {
    await choose(page, "math.add");
    await page.getByLabel("item 0 int").fill("2");
    await page.getByLabel("item 1 int").fill("3");
    await page.keyboard.press("Control+Enter");
    const run = await newest(page, "ok");
    await run.getByRole("button", { name: "Envelopes" }).click();
    const rows = page.locator(".envelopes li");
    await rows.nth(1).waitFor();
    for (const row of await rows.all()) await row.locator("summary").click();

    expect(await rows.count()).toBe(2);
    expect(await rows.first().locator("summary").textContent()).toMatch(/^→ .* MESSAGE {2}14 B {2}math\.add$/);
    expect(await rows.first().locator("pre").allTextContents()).toEqual([
      expect.stringMatching(/^\[\d+, \[2, 3\], "math\.add"\]$/),
      expect.stringMatching(/^0000 {2}93 .. 92 02 03 a8 6d 61 {2}·.····ma\n0008 {2}74 68 2e 61 64 64 {8}th\.add$/),
    ]);
    expect(await rows.last().locator("pre").first().textContent()).toMatch(/^\[\d+, 5, 0, null, null\]$/);
    await picture(page, "envelopes");
    await page.getByLabel("seq, empty for all").fill("");
  });

  it("subscribes, publishes and watches who is there", async () => {
    await choose(page, "Topics");
    await page.getByRole("button", { name: "Watch presence" }).click();
    await page.getByRole("button", { name: "Subscribe" }).click();
    const [subscription, presence] = [page.locator(".run").nth(0), page.locator(".run").nth(1)];
    await presence.locator(".items li", { hasText: '"id"' }).waitFor();
    await page.getByRole("button", { name: "Publish" }).click();
    await subscription.or(page.locator(".run")).locator(".items li", { hasText: "position" }).first().waitFor();

    const heard = page.locator(".run[aria-label='subscribe to chat.lobby']");
    expect(await heard.locator(".items pre").first().textContent()).toBe('{"from": "guest", "text": "hello"}');
    await picture(page, "topics");
    await heard.getByRole("button", { name: "Cancel" }).click();
    await heard.locator(".state", { hasText: "cancelled" }).waitFor();
  });

  it("calls a handler by its name", async () => {
    await choose(page, "Any handler");
    await page.getByLabel("name", { exact: true }).fill("math.add");
    await page.getByLabel("name", { exact: true }).press("Tab");
    await page.getByLabel("message Any").fill("[1, 2]");
    await page.getByRole("button", { name: "Call" }).click();

    await newest(page, "ok");
    expect(await items(page)).toEqual(["3"]);
  });

  it("is used by keyboard alone", async () => {
    await page.locator("main h2").first().click();
    await page.keyboard.press("/");
    await page.keyboard.type("math.ad");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator("main h2", { hasText: "math.add" }).waitFor();
    const isThere = () => page.getByLabel("item 0 int").evaluate((e) => e === document.activeElement);
    for (let i = 0; i < 5 && !(await isThere()); i++) await page.keyboard.press("Tab"); // past the types and two boxes
    await page.keyboard.type("20");
    await page.keyboard.press("Tab");
    await page.keyboard.type("22");
    await page.keyboard.press("Control+Enter");

    await newest(page, "ok");
    expect(await items(page)).toEqual(["42"]);
    await page.getByLabel("Search handlers").fill("");
  });

  it.each(["light", "dark"] as const)("keeps WCAG AA in %s colours, in every view", async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 1400, height: 8000 }); // nothing is out of sight: what is, axe does not judge
    for (const view of ["greeter.hello", "math.sum", "clock.ticks", "Topics", "Any handler"]) {
      await choose(page, view);
      expect(await violations(page), view).toEqual([]);
    }
    await choose(page, "greeter.hello");
    await page.getByRole("button", { name: "Call" }).click(); // with a problem
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 1400, height: 900 });
    await picture(page, colorScheme);
  });

  it("is wide and narrow", async () => {
    await page.setViewportSize({ width: 400, height: 900 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await picture(page, "narrow");
    await page.setViewportSize({ width: 1400, height: 900 });

    expect(overflow).toBe(0);
  });

  it("has the browser refuse to read text as HTML", async () => {
    const problem = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<b>";
      } catch (e) {
        return (e as Error).name;
      }
      return "none";
    });

    expect(problem).toBe("TypeError");
    expect(complaints.filter((complaint) => !complaint.includes("TrustedHTML"))).toEqual([]);
  });

  it("goes on when the server comes back, with what was written into the form", async () => {
    await choose(page, "greeter.hello");
    await page.getByLabel("name str").fill("Ada");
    const port = Number(new URL(server.url).port);
    await server.stop();
    await page.locator("header .state", { hasText: "waiting" }).waitFor();
    server = await serve("swill-gateway", [], port);

    await page.locator("header .state", { hasText: "connected" }).waitFor();
    await page.keyboard.press("Control+Enter");
    await newest(page, "ok");
    expect((await items(page))[0]).toContain("Hello, Ada!");
  });

  it("finds the endpoint wherever it is", async () => {
    const other = await serve("swill-gateway", ["--path", "/rpc"]);
    const own = await open(browser, pageOf(other));

    await own.page.locator("nav a", { hasText: "greeter.hello" }).waitFor();
    await other.stop();
  });

  it("says so where a server does not tell of its handlers", async () => {
    const other = await serve("swill-gateway", ["--no-introspection"]);
    const own = await open(browser, pageOf(other));

    await own.page.locator("nav", { hasText: "This server does not tell which handlers it has" }).waitFor();
    await own.page.getByRole("link", { name: "Any handler" }).click();
    await picture(own.page, "no-introspection");
    await other.stop();
  });

  it("is let in by --origin like any other page, or not", async () => {
    const other = await serve("swill-gateway", ["--origin", "https://example.org"]);
    const own = await open(browser, pageOf(other));

    await own.page.locator("header .state", { hasText: "it must name this page's own address" }).waitFor();
    await other.stop();
  });
});

describe.skipIf(isLeftOut)("with the conformance application", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await serve("swill-conformance");
    // It lets in pages of one origin alone; so the page is there, as far as the browser knows.
    browser = await launch(...CHROMIUM_ARGUMENTS, `--host-resolver-rules=MAP good.example 127.0.0.1:${new URL(server.url).port}`);
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.route("http://good.example/playground", (route) => route.fulfill({ contentType: "text/html", body: text() }));
    await page.goto("http://good.example/playground");
    await page.locator("nav a", { hasText: "create_user" }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("has a form for structs in structs, lists, maps and tuples", async () => {
    await choose(page, "create_user");
    await page.getByLabel("name str").fill("Ada");
    await page.getByLabel("age int").fill("-1");
    await page.getByRole("group", { name: "tags" }).getByRole("button", { name: "Add" }).click();
    await page.getByLabel("item 0 str").fill("much too long");
    await page.getByRole("group", { name: "scores" }).getByRole("button", { name: "Add" }).click();
    await page.getByLabel("key str").fill("math");
    await page.getByLabel("value int").fill("101");
    await page.getByLabel("item 0 int").fill("1");
    await page.getByLabel("street str").fill("Main");
    await page.getByLabel("zip str").fill("123");
    await page.getByLabel("password str").fill("p");
    await page.getByLabel("confirm str").fill("p");
    await page.getByRole("button", { name: "Call" }).click();

    const said = () => page.locator("fieldset .problem:visible").allTextContents();
    expect(await said()).toEqual([
      "less than 0",
      "length greater than or equal to 5",
      "greater than 100",
      "Does not match pattern: ^[0-9]{5}$",
    ]);
    await picture(page, "form");

    await page.getByLabel("age int").fill("36");
    await page.getByLabel("item 0 str").fill("x");
    await page.getByLabel("value int").fill("100");
    await page.getByLabel("zip str").fill("12345");
    await page.getByLabel("confirm str").fill("q"); // a rule of the whole message: the server's alone
    await page.getByRole("button", { name: "Call" }).click();
    await newest(page, "failed");
    expect(await said()).toEqual(["passwords do not match"]);

    await page.getByLabel("confirm str").fill("p");
    await page.getByRole("button", { name: "Call" }).click();
    await newest(page, "ok");
    expect((await items(page))[0]).toContain('"name": "Ada"');
  });

  it("has a form for a type that holds itself", async () => {
    await choose(page, "echo_tree");
    await page.getByLabel("v int").fill("1");
    await page.getByLabel("send children").check();
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByLabel("v int").nth(1).fill("2");
    await page.getByRole("button", { name: "Call" }).click();

    await newest(page, "ok");
    expect(JSON.parse((await items(page))[0]!)).toEqual({ v: 1, children: [{ v: 2, children: [] }] });
  });

  it.each([
    ["echo_int", "message int", "9007199254740993", "9007199254740993"],
    ["echo_bytes", "message bytes", "00 ff", '{"$bin": "AP8="}'],
    ["echo_datetime", "message datetime", "2024-02-29T12:30:00.5Z", '"2024-02-29T12:30:00.500Z"'],
    ["echo_any", "message Any", '{"a": [9007199254740993, null]}', '{"a": [9007199254740993, null]}'],
  ])("brings values of every size: %s", async (name, label, typed, answer) => {
    await choose(page, name);
    await page.getByLabel(label).fill(typed);
    await page.getByRole("button", { name: "Call" }).click();

    await newest(page, "ok");
    expect(await items(page)).toEqual([answer]);
  });

  it("sends metadata and a deadline, and shows what comes back", async () => {
    await choose(page, "echo_metadata");
    await page.locator("summary", { hasText: "Metadata and deadline" }).click();
    await page.getByLabel("metadata, a JSON object").fill('{"trace": "1"}');
    await page.getByLabel("deadline, ms").fill("5000");
    await page.getByRole("button", { name: "Call" }).click();
    await newest(page, "ok");
    expect(JSON.parse((await items(page))[0]!)).toMatchObject({ trace: "1" });

    await choose(page, "both_metadata");
    await page.getByRole("button", { name: "Call" }).click();
    const run = await newest(page, "ok");
    expect(await run.textContent()).toMatch(/leading metadata\{"lead": 1\}.*trailing metadata\{"trail": 2\}/);
    await picture(page, "metadata");
  });

  it("sends no metadata that are none", async () => {
    await choose(page, "echo_metadata");
    await page.locator("summary", { hasText: "Metadata and deadline" }).click();
    await page.getByLabel("metadata, a JSON object").fill("[1]");
    const before = await page.locator(".run").count();
    await page.getByRole("button", { name: "Call" }).click();

    expect(await page.locator("main [role=alert]:visible").textContent()).toBe("Metadata are a JSON object: [1]");
    expect(await page.locator(".run").count()).toBe(before);
  });

  it("fails by the deadline", async () => {
    await choose(page, "sleep_ms");
    await page.getByLabel("message int").fill("5000");
    await page.locator("summary", { hasText: "Metadata and deadline" }).click();
    await page.getByLabel("deadline, ms").fill("50");
    await page.getByRole("button", { name: "Call" }).click();

    const run = await newest(page, "failed");
    expect(await run.textContent()).toContain("408 Deadline exceeded");
  });

  it("shows 20,000 messages of a stream without being held up", async () => {
    await choose(page, "burst");
    await page.getByLabel("message int").fill("20000");
    await page.getByRole("button", { name: "Call" }).click();

    const run = await newest(page, "ok");
    expect(await run.locator(".remark").textContent()).toBe("19800 earlier messages are not shown");
    expect((await items(page)).at(-1)).toBe("19999");
  });
});
