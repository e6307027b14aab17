import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { makePage, PAGE_FILE } from "../build.mjs";
import { page } from "./support.ts";

it("what the gateway serves is made of these sources", async () => {
  const made = await makePage();

  // No diff: of one line of the page it would say nothing.
  expect(made === readFileSync(PAGE_FILE, "utf8"), "programs/gateway/detail/playground_page.inc is not up to date: ./dev playground").toBe(true);
});

it("is the same packed as not", () => {
  const [, numbers] = /page_packed\[\] = \{([\d,\s]*)\}/.exec(readFileSync(PAGE_FILE, "utf8"))!;

  expect(gunzipSync(Uint8Array.from(numbers!.split(",").map(Number))).toString()).toBe(page());
});

it("is small, needs nothing but itself, and knows no path of the machine that built it", () => {
  expect(page().length).toBeLessThan(64 * 1024);
  expect(page()).not.toMatch(/(src|href)="(?!data:,")/);
  expect(page()).not.toContain("node_modules");
  expect(page()).not.toContain(process.cwd());
});
