import { type BenchmarkOptions, type CaseReport, contest } from '../../harness/benchmark.ts';
import type { Follower } from '../../live/follower.ts';
import { engine } from '../../live/followers/engine.ts';
import { trialContestant } from '../../live/trial.ts';
import { backlogOf, fillBefore, makeChanges } from './backlog.ts';
import { loop } from './loop.ts';
import type { MongoLiveServers } from './servers.ts';
import { MongoSides } from './sides.ts';

/** From the start of the follower, Node's included, until the target has a backlog's last change. */
export function catchUpCase(servers: MongoLiveServers, options: BenchmarkOptions): Promise<CaseReport> {
  const backlog = backlogOf(options);
  const contestant = (name: string, follower: (sides: MongoSides) => Follower) => {
    let last = 0;
    return trialContestant(servers, {
      name,
      follower,
      open: () => MongoSides.open(servers, (source) => fillBefore(source, backlog)),
      async prepare({ sides, follower: running }) {
        await running.stop();
        await makeChanges(sides.sourceDb, backlog);
        last = await sides.mark();
        for (const db of [sides.sourceDb, sides.targetDb]) await db.admin().command({ fsync: 1 });
      },
      async run({ sides, follower: running }) {
        const startedAt = performance.now();
        await running.start();
        await sides.seen(last, running);
        return { seconds: (performance.now() - startedAt) / 1000, ...running.cost() };
      },
    });
  };
  return contest('catch-up', [contestant('ours', engine('documents-live')), contestant('loop', loop)], {
    missing: [],
    rows: backlog.changes,
    unit: 'changes',
    chosen: options.contestants,
    rounds: options.rounds ?? (options.quick ? 1 : 3),
    log: options.log,
  });
}
