import { defineConfig } from "vite";

// `npm run dev` serves the sources as they are, beside a gateway at 127.0.0.1:8080.
export default defineConfig({
  server: {
    host: "127.0.0.1",
    proxy: { "/ws": { target: "ws://127.0.0.1:8080", ws: true } },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    fileParallelism: false,
  },
});
