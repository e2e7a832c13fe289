import type { Benchmark, BenchmarkOptions, CaseReport } from './harness/benchmark.ts';
import { findPgbench } from './harness/client-tools.ts';
import { followCase } from './live/follow-case.ts';
import { latencyCases } from './live/latency-case.ts';
import { LiveServers } from './live/servers.ts';
import { throughputCase, writings } from './live/throughput-case.ts';
import { workloads } from './live/workloads.ts';

interface LiveCase {
  /** What it reports, one or several. */
  readonly names: readonly string[];
  readonly run: () => Promise<readonly CaseReport[]>;
}

/** Changes captured and applied while databases live, with default settings. */
export const benchmark: Benchmark = {
  async run(options) {
    const pgbench = await findPgbench(options.log);
    if (pgbench === null)
      throw new Error('pgbench is needed to put load on the source: install postgresql-contrib');
    await using servers = await LiveServers.start();
    const reports: CaseReport[] = [];
    for (const { names, run } of casesOf(servers, pgbench, options)) {
      if (options.only !== null && !names.includes(options.only)) continue;
      reports.push(...(await run()));
    }
    return { name: 'postgres-live', cases: reports, note };
  },
};

function casesOf(servers: LiveServers, pgbench: string, options: BenchmarkOptions): readonly LiveCase[] {
  const followed = workloads({ quick: options.quick, pgbench }).map((workload) => ({
    names: [workload.name],
    run: async () => [await followCase(servers, workload, options)],
  }));
  const written = writings.map((writing) => ({
    names: [writing.name],
    run: async () => [await throughputCase(servers, { writing, pgbench }, options)],
  }));
  const waited = { names: ['latency', 'latency-triggers'], run: () => latencyCases(servers, options) };
  return [...followed, waited, ...written];
}

const note = `PostgreSQL 18, a server for either side, fsync and synchronous_commit on for both, data on disk. Everybody begins with fresh databases, and every round ends with both sides compared by an ordered hash of all tables. Backlogs: from the start of the follower (of Node) to the last change seen at the target. \`subscription\` and \`native-latency\` are native replication as it comes, whose worker commits with synchronous_commit off; \`-durable\` is the same with on, as we write. Latency: after a warm-up, from sending COMMIT until a reader sees the row, looking about three times a millisecond.`;
