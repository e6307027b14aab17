// Makes dist/: the package as ECMAScript modules and as CommonJS, each with its types, in a file each of code.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

// Names of members that no application sees. They are shortened, which makes the bundle 1 % smaller; so none may be a name of the platform's.
const internal =
  "begin|begun|changed|controller|deadlineTimer|endItems|hasLeft|heard|isOver|itemsSent|onAbort|onOver|onSent|" +
  "opening|options|retryDelay|rpc|sendItem|sink|streams|transport|waitTimer|waitsUntil|watched";

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
rmSync("dist", { recursive: true, force: true });
for (const [directory, format, type] of [
  ["dist/esm", "esm", "module"],
  ["dist/cjs", "cjs", "commonjs"],
]) {
  await build({
    entryPoints: ["src/index.ts"],
    outfile: `${directory}/index.js`,
    bundle: true,
    packages: "external",
    format,
    target: "es2022",
    mangleProps: new RegExp(`^(${internal})$`),
    sourcemap: true,
    logLevel: "warning",
  });
  writeFileSync(`${directory}/package.json`, `${JSON.stringify({ type, sideEffects: false })}\n`);
}
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
cpSync("dist/esm", "dist/cjs", { recursive: true, filter: (path) => !/\.(js|json|map)$/.test(path) });
cpSync("../../LICENSE", "dist/LICENSE");
