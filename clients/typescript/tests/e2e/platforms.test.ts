import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { missing, serve, type Server } from "../support/servers.js";

// The same scenario on every platform that is here. SWILL_DENO, SWILL_BUN and SWILL_FIREFOX say where programs are that are not in the PATH.

const root = join(import.meta.dirname, "../..");
const deno = process.env.SWILL_DENO ?? "deno";
const bun = process.env.SWILL_BUN ?? "bun";
const firefox = process.env.SWILL_FIREFOX ?? "firefox-esr";

/** Whether it is left out; says so. */
function isAbsent(program: string): boolean {
  const absent = spawnSync(program, ["--version"]).error !== undefined;
  if (absent) console.warn(`left out: there is no ${program}`);
  return absent;
}

const wanted = {
  calls: true,
  large: "9007199254740993",
  fields: { name: [{ description: "length less than 1" }] },
  time: true,
  items: 10_000,
  upload: 6,
  cancelled: "ended",
  after: 3,
  isBackSoon: true,
  topic: ["before", "after"],
};

describe.skipIf(missing("swill-gateway"))("the scenario of all platforms", { timeout: 120_000 }, () => {
  const token = "0123456789abcdef";
  const directory = mkdtempSync(join(tmpdir(), "swill-platforms-"));
  let server: Server;

  beforeAll(async () => {
    writeFileSync(join(directory, "token"), token);
    server = await serve("swill-gateway", ["--admin-token-file", join(directory, "token")]);
  });

  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  /** The scenario as one file that ends by `how`. */
  async function bundle(how: string): Promise<string> {
    const contents = `import { scenario } from "./tests/support/scenario.ts"; scenario(${JSON.stringify(server.url)}, "${token}").catch((e) => ({ problem: String(e) })).then((seen) => ${how});`;
    const { outputFiles } = await build({ stdin: { contents, resolveDir: root }, bundle: true, format: "esm", write: false });
    return outputFiles[0]!.text;
  }

  it.skipIf(isAbsent(deno)).each([[[]], [["--unstable-node-globals"]]])("Deno, with its own names alone and with those of Node: %j", async (more) => {
    const file = join(directory, "deno.js");
    writeFileSync(file, await bundle("console.log(JSON.stringify(seen))"));

    const { stdout } = await promisify(execFile)(deno, ["run", "--no-prompt", "--no-config", "--allow-net", ...more, file]);

    expect(JSON.parse(stdout)).toEqual(wanted);
  });

  it.skipIf(isAbsent(bun))("Bun", async () => {
    const file = join(directory, "bun.js");
    writeFileSync(file, await bundle("console.log(JSON.stringify(seen))"));

    const { stdout } = await promisify(execFile)(bun, ["run", file]);

    expect(JSON.parse(stdout)).toEqual(wanted);
  });

  it.skipIf(isAbsent(firefox))("Firefox", async () => {
    const script = await bundle('fetch("/seen", { method: "POST", body: JSON.stringify(seen) })');
    let told!: (seen: string) => void;
    const seen = new Promise<string>((resolve) => (told = resolve));
    const pages = createServer((request, response) => {
      if (request.url === "/seen") {
        let text = "";
        request.on("data", (part) => (text += part)).on("end", () => told(text));
      }
      response.setHeader("Content-Type", request.url === "/script.js" ? "text/javascript" : "text/html");
      response.end(request.url === "/script.js" ? script : '<!doctype html><script type="module" src="/script.js"></script>');
    }).listen(0, "127.0.0.1");
    await once(pages, "listening");
    const { port } = pages.address() as { port: number };
    const browser = spawn(firefox, ["--headless", "--no-remote", "--profile", mkdtempSync(join(directory, "firefox-")), `http://127.0.0.1:${port}/`], {
      stdio: "ignore",
      env: { ...process.env, HOME: directory, MOZ_CRASHREPORTER_DISABLE: "1" },
    });

    onTestFinished(async () => {
      browser.kill();
      await once(browser, "exit");
      pages.closeAllConnections();
      pages.close();
    });

    expect(JSON.parse(await seen)).toEqual(wanted);
  });
});
