// Makes dist/: the package as ECMAScript modules and as CommonJS, each with its types, in a file of code for each of its parts.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

// The other parts know the client by its interface alone; there is one copy of it, whichever of them an application uses.
const client = {
  name: "client",
  setup(build) {
    build.onResolve({ filter: /^\.\/index\.js$/ }, ({ path }) => ({ path, external: true }));
  },
};

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
rmSync("dist", { recursive: true, force: true });
for (const [directory, format, type] of [
  ["dist/esm", "esm", "module"],
  ["dist/cjs", "cjs", "commonjs"],
]) {
  await build({
    entryPoints: ["index", "check", "react", "query", "testing"].map((part) => `src/${part}.ts`),
    outdir: directory,
    bundle: true,
    packages: "external",
    plugins: [client],
    format,
    target: "es2022",
    sourcemap: true,
    logLevel: "warning",
  });
  writeFileSync(`${directory}/package.json`, `${JSON.stringify({ type, sideEffects: false })}\n`);
}
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
cpSync("dist/esm", "dist/cjs", { recursive: true, filter: (path) => !/\.(js|json|map)$/.test(path) });
cpSync("../../LICENSE", "dist/LICENSE");
