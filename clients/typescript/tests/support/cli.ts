import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { PROGRAMS } from "./servers.js";

/** Runs `swill` of the build to its end. */
export function swill(...options: string[]): { code: number | null; out: string; errors: string } {
  const { status, stdout, stderr, error } = spawnSync(join(PROGRAMS, "swill"), options, { encoding: "utf8" });
  if (error) throw error;
  return { code: status, out: stdout, errors: stderr };
}
