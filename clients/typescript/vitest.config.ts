import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: [{ find: /^solid-js$/, replacement: "solid-js/dist/solid.js" }] }, // that of pages: Node would get that of servers, where nothing changes
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    fileParallelism: false, // some measure time
    execArgv: ["--expose-gc"], // some tests look at the heap
  },
});
