import type { Benchmark, BenchmarkOptions, CaseReport } from './harness/benchmark.ts';
import { catchUpCase } from './mongo/live/catch-up-case.ts';
import { latencyCase } from './mongo/live/latency-case.ts';
import { MongoLiveServers } from './mongo/live/servers.ts';

type LiveCase = (servers: MongoLiveServers, options: BenchmarkOptions) => Promise<CaseReport>;

const cases: Readonly<Record<string, LiveCase>> = { 'catch-up': catchUpCase, latency: latencyCase };

/** Changes captured and applied while databases live, with default settings. */
export const benchmark: Benchmark = {
  async run(options) {
    await using servers = await MongoLiveServers.start();
    const reports: CaseReport[] = [];
    for (const [name, run] of Object.entries(cases))
      if (options.only === null || options.only === name) reports.push(await run(servers, options));
    return { name: 'mongo-live', cases: reports, note };
  },
};

const note =
  'A mongod for either side (replica sets of one member), data on disk. Everybody begins with fresh databases, and every round ends with both sides compared byte by byte. Backlog: from the start of the follower (of Node) to the last change seen at the target; 40 % inserts, 30 % updates of a field, 20 % replacements, 10 % deletes. `loop` is raw getMore with updateLookup and raw unordered upserts, which keeps no position while it runs. Latency: after a warm-up, from sending an insert or update until a reader of the target sees it, looking as often as it may.';
