import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, missing, serve, type Server } from "../support/servers.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const CHROMIUM = process.env.SWILL_CHROMIUM ?? "/usr/bin/chromium";
const OPENSSL = "/usr/bin/openssl";
const ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"];
const isLeftOut = missing("swill-gateway", CHROMIUM, OPENSSL);

// The functions that `evaluate` takes run in the page.
declare const client: import("../../src/index.js").Client;

describe.skipIf(isLeftOut)("in headless Chromium, from a page that the gateway serves by TLS", { timeout: 60_000 }, () => {
  const top = mkdtempSync(join(tmpdir(), "swill-tls-"));
  const certificate = join(top, "own.pem");
  const key = join(top, "own.key");
  let server: Server;
  let browser: Browser;
  let site: string;

  beforeAll(async () => {
    execFileSync(
      OPENSSL,
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=own"].concat(
        ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
      ),
      { stdio: "ignore" },
    );
    const files = join(top, "site");
    mkdirSync(files);
    const page = `<!doctype html><script src="swill.js"></script><script>
      const client = new swill.Client();
      const connected = client.connect("wss://" + location.host + "/ws");
    </script>`;
    writeFileSync(join(files, "index.html"), page);
    await build({
      stdin: { contents: 'export * from "@swill/swill"', resolveDir: root },
      bundle: true,
      minify: true,
      format: "iife",
      globalName: "swill",
      outfile: join(files, "swill.js"),
    });
    const port = await freePort();
    site = `https://127.0.0.1:${port}/`;
    const tls = ["--listen-tls", `127.0.0.1:${port}`, "--listen-tls-cert", certificate, "--listen-tls-key", key];
    server = await serve("swill-gateway", [...tls, "--static", `/=${files}`]);
    // The browser trusts this one key, as if its user had installed the certificate.
    const own = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: "spki", format: "der" });
    const trust = `--ignore-certificate-errors-spki-list=${createHash("sha256").update(own).digest("base64")}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, trust] });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(top, { recursive: true, force: true });
  });

  async function open(): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(site);
    await page.evaluate("connected");
    return page;
  }

  it("connects to where its page came from, and calls", async () => {
    const page = await open();
    expect(await page.evaluate(() => [isSecureContext, location.protocol])).toEqual([true, "https:"]);
    expect(await page.evaluate(() => client.call("math.add", [1, 2]))).toBe(3);
    await page.close();
  });

  it("streams both ways at the same time, in records of all sizes", async () => {
    const page = await open();
    const lengths = await page.evaluate(async () => {
      const sent = Array.from({ length: 300 }, (_, i) => "x".repeat(i * 100));
      const got: number[] = [];
      for await (const line of client.duplex<string>("chat.echo", sent)) got.push(line.length);
      return got;
    });
    expect(lengths).toEqual(Array.from({ length: 300 }, (_, i) => i * 100));
    await page.close();
  });

  it("comes back on a reload, with its session of TLS", async () => {
    const page = await open();
    for (let i = 0; i < 3; ++i) {
      await page.reload();
      await page.evaluate("connected");
      expect(await page.evaluate((n) => client.call("math.add", [n, 1]), i)).toBe(i + 1);
    }
    await page.close();
  });

  it("is refused by a browser that does not trust the certificate", async () => {
    const careful = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    try {
      const page = await careful.newPage();
      await expect(page.goto(site)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
    } finally {
      await careful.close();
    }
    expect(await (await open()).evaluate(() => client.call("math.add", [20, 22]))).toBe(42);
  });
});
