import { Client } from "@swill/swill";
import { startServer } from "@swill/swill/testing";
import { PerformanceObserver } from "node:perf_hooks";
const N = Number(process.argv[3] ?? 300000), DEPTH = Number(process.env.DEPTH ?? 16);
const s = await startServer(process.argv[2] + "/swill-conformance");
const client = new Client();
await client.connect(s.url);
const call = () => client.call("add", [1, 2]);
let gcn = {}, gct = 0;
new PerformanceObserver((l) => { for (const e of l.getEntries()) { gcn[e.detail.kind] = (gcn[e.detail.kind] ?? 0) + 1; gct += e.duration; } }).observe({ entryTypes: ["gc"] });
async function go(n) {
  let begun = 0;
  const cpu = process.cpuUsage(), since = performance.now();
  await Promise.all(Array.from({ length: DEPTH }, async () => { while (begun++ < n) await call(); }));
  const { user, system } = process.cpuUsage(cpu);
  return [Math.round(n / (performance.now() - since) * 1000), ((user + system) / n).toFixed(2), (user/n).toFixed(2), (system/n).toFixed(2)];
}
await go(30000); gcn = {}; gct = 0;
if (process.env.HEAP) {
  const { Session } = await import("node:inspector/promises");
  const session = new Session(); session.connect();
  await session.post("HeapProfiler.startSampling", { samplingInterval: 2048, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true });
  await go(N);
  const { profile } = await session.post("HeapProfiler.stopSampling");
  const by = new Map(); let total = 0;
  (function walk(n) { const k = n.callFrame.functionName + " " + n.callFrame.url.split("/").slice(-2).join("/") + ":" + n.callFrame.lineNumber; by.set(k, (by.get(k) ?? 0) + n.selfSize); total += n.selfSize; n.children.forEach(walk); })(profile.head);
  for (const [k, v] of [...by].sort((a, b) => b[1] - a[1]).slice(0, 25)) console.log((v / N).toFixed(0).padStart(6), "B/call", k);
  console.log(total / N);
} else if (process.env.PROF) {
  const { Session } = await import("node:inspector/promises");
  const session = new Session(); session.connect();
  await session.post("Profiler.enable"); await session.post("Profiler.setSamplingInterval", { interval: 200 }); await session.post("Profiler.start");
  await go(N);
  const { profile } = await session.post("Profiler.stop");
  (await import("node:fs")).writeFileSync(process.env.PROF, JSON.stringify(profile));
} else { console.log("swill", ...(await go(N))); await new Promise(r => setTimeout(r, 50)); console.log(gcn, "gc ms", gct); }
client.close(); await s.stop();
