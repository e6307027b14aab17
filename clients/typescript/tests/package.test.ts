import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { publint } from "publint";
import { describe, expect, it } from "vitest";

// What npm run build has made.

const root = fileURLToPath(new URL("..", import.meta.url));

async function bundle(code: string, external: string[] = []) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    external,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const { contents, text } = outputFiles[0]!;
  return { text, size: gzipSync(contents, { level: 9 }).length };
}

describe("the package", () => {
  it("is at most 9.5 kB in a page; with topics and stores at most 11.5", async () => {
    const client = await bundle('export { Client } from "@swill/swill"');
    const all = await bundle('export * from "@swill/swill"');
    console.log(`client: ${client.size} bytes gzip, all: ${all.size}`);

    expect(client.size).toBeLessThanOrEqual(9500);
    expect(all.size).toBeLessThanOrEqual(11_500);
    expect(client.text).not.toContain("swill.subscribe"); // what is not used is not there
  });

  it.each(["react", "query"])("has at most 1 kB in %s beside the client, and nothing but peers", async (part) => {
    const { size, text } = await bundle(`export * from "@swill/swill/${part}"`, ["react", "./index.js"]);
    console.log(`${part}: ${size} bytes gzip`);

    expect(size).toBeLessThanOrEqual(1000);
    for (const [, from] of text.matchAll(/from"([^"]+)"/g)) expect(["react", "./index.js"]).toContain(from);
  });

  it("has one client, whichever of its parts are used", async () => {
    const parts = ["react", "query", "testing"].map((part) => `export * from "@swill/swill/${part}"`);
    const { text } = await bundle(`export * from "@swill/swill"; ${parts.join(";")}`, ["react"]);

    expect(text.match(/connected before: close first/g)).toHaveLength(1);
  });

  it("takes no WebSocket for Node into a page", async () => {
    expect((await bundle('export { Client } from "@swill/swill"')).text).not.toContain("ws does not work in the browser");
  });

  it("is the same as module and as CommonJS, and finds ws by itself", async () => {
    const require = createRequire(import.meta.url);
    const asModule = await import("@swill/swill");
    const asCommonJs = require("@swill/swill");

    expect(Object.keys(asCommonJs).sort()).toEqual(Object.keys(asModule).sort());
    for (const part of ["check", "react", "query", "testing"]) {
      const name = `@swill/swill/${part}`;
      expect(Object.keys(require(name)).sort()).toEqual(Object.keys(await import(name)).sort());
    }
    for (const { Client } of [asModule, asCommonJs]) {
      const client = new Client();
      client.connect("127.0.0.1:9").catch(() => {});
      while (client.state.status !== "waiting") await new Promise((resolve) => setTimeout(resolve, 1));
      expect(client.state.reason).toMatch("ECONNREFUSED"); // so there was a WebSocket to try
      client.close();
    }
  });

  it("has nothing that publint minds", async () => {
    const { messages } = await publint({ pkgDir: root, strict: true });

    expect(messages).toEqual([]);
  });

  it("has types that attw finds in every way of resolving", { timeout: 60_000 }, () => {
    const report = execFileSync("node_modules/.bin/attw", ["--pack", ".", "--format", "json", "--no-color"], { cwd: root });

    expect(JSON.parse(report.toString()).problems ?? {}).toEqual({});
  });
});
