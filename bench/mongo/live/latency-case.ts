import { type BenchmarkOptions, type CaseReport, takeTurns } from '../../harness/benchmark.ts';
import { latencyReport } from '../../harness/latency.ts';
import type { Follower } from '../../live/follower.ts';
import { engine } from '../../live/followers/engine.ts';
import { measureLatency, type Threads } from '../../live/latency/measure.ts';
import { trialContestant } from '../../live/trial.ts';
import { loop } from './loop.ts';
import type { MongoLiveServers } from './servers.ts';
import { MongoSides } from './sides.ts';

const threads: Threads = {
  looker: new URL('./looker.ts', import.meta.url),
  writers: new URL('./writers.ts', import.meta.url),
};

/** 500 operations a second, half of them inserts and half updates. */
export async function latencyCase(servers: MongoLiveServers, options: BenchmarkOptions): Promise<CaseReport> {
  const pace = { perSecond: 500, seconds: options.quick ? 10 : 60, warmUpSeconds: options.quick ? 2 : 5 };
  const contestant = (name: string, follower: (sides: MongoSides) => Follower) =>
    trialContestant(servers, {
      name,
      follower,
      open: () => MongoSides.open(servers, async () => {}),
      prepare: async ({ sides, follower: running }) => sides.seen(await sides.mark(), running),
      run: (trial) => measureLatency(trial, { pace, threads }, options.log),
    });
  const contestants = [contestant('ours', engine('documents-live')), contestant('loop', loop)];
  const runs = await takeTurns('latency', contestants, {
    rounds: options.rounds ?? 1,
    chosen: options.contestants,
    log: options.log,
  });
  return latencyReport('latency', { own: 'ours', peers: ['loop'] }, runs);
}
