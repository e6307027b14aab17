import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { CHROMIUM } from "../../typescript/tests/support/servers.js";
import { PAGE_FILE } from "../build.mjs";

/** Where pictures of the page are kept. */
const PICTURES = process.env.SWILL_ARTIFACTS ?? fileURLToPath(new URL("../../../build/release/playground", import.meta.url));

/** The page, as the gateway has it. */
export const page = () => /R"page\(([\s\S]*)\)page"/.exec(readFileSync(PAGE_FILE, "utf8"))![1]!;

export function launch(...more: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage", ...more] });
}

/** A page in the browser, and what it complains of: errors, and what its policy forbade. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (problem) => complaints.push(String(problem)));
  await page.goto(url);
  return { page, complaints };
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
  expect(existsSync(`${PICTURES}/${name}.png`)).toBe(true);
}
