// Makes templates/app/page/swill.js: client and checks as one module, for pages without a bundler. --check: says whether it is as it would be made.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const file = fileURLToPath(new URL("../../templates/app/page/swill.js", import.meta.url));
const { outputFiles } = await build({
  stdin: { contents: 'export * from "./src/index.ts";\nexport * from "./src/check.ts";\n', resolveDir: here, sourcefile: "browser.ts" },
  bundle: true,
  minify: true,
  write: false,
  packages: "external",
  platform: "browser",
  format: "esm",
  target: "es2022",
  logLevel: "warning",
});
const made = `// @swill/swill and @swill/swill/check as one module (BSD-3-Clause).\n${outputFiles[0].text}`;
if (process.argv.includes("--check")) {
  if (readFileSync(file, "utf8") !== made) throw new Error("templates/app/page/swill.js is not up to date: ./dev playground");
} else {
  writeFileSync(file, made);
}
