import { type BenchmarkOptions, type CaseReport, takeTurns } from '../harness/benchmark.ts';
import { latencyReport } from '../harness/latency.ts';
import type { FollowerOf } from './follower.ts';
import { engine } from './followers/engine.ts';
import { subscription } from './followers/subscription.ts';
import { measureLatency, type Threads } from './latency/measure.ts';
import { commitTable } from './latency/plan.ts';
import type { LiveServers } from './servers.ts';
import { Sides } from './sides.ts';
import { trialContestant } from './trial.ts';

/** Both ways of capturing and native replication, each under 1,000 commits a second: two cases out of the same runs. */
export async function latencyCases(
  servers: LiveServers,
  options: BenchmarkOptions,
): Promise<readonly CaseReport[]> {
  const pace = { perSecond: 1000, seconds: options.quick ? 10 : 60, warmUpSeconds: options.quick ? 2 : 5 };
  const contestant = (name: string, follower: FollowerOf) =>
    trialContestant(servers, {
      name,
      follower,
      open: () => Sides.open(servers, { tables: commitTable, fill: '' }),
      prepare: async ({ sides, follower: running }) => sides.seen(await sides.mark(), running),
      run: (trial) => measureLatency(trial, { pace, threads: postgresThreads }, options.log),
    });
  const peers = ['native-latency', 'native-latency-durable'];
  const contestants = [
    contestant('logical', engine('live')),
    contestant('triggers', engine('live-triggers')),
    contestant('native-latency', subscription({ durable: false })),
    contestant('native-latency-durable', subscription({ durable: true })),
  ];
  const runs = await takeTurns('latency', contestants, {
    rounds: options.rounds ?? 1,
    chosen: options.contestants,
    log: options.log,
  });
  return [
    latencyReport('latency', { own: 'logical', peers }, runs),
    latencyReport('latency-triggers', { own: 'triggers', peers }, runs),
  ];
}

const postgresThreads: Threads = {
  looker: new URL('./latency/looker.ts', import.meta.url),
  writers: new URL('./latency/writers.ts', import.meta.url),
};
