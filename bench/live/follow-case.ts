import { type BenchmarkOptions, type CaseReport, contest } from '../harness/benchmark.ts';
import type { FollowerOf } from './follower.ts';
import { engine, relaxed } from './followers/engine.ts';
import { subscription } from './followers/subscription.ts';
import type { LiveServers } from './servers.ts';
import { Sides } from './sides.ts';
import { trialContestant } from './trial.ts';
import type { Workload } from './workloads.ts';

/** From the start of the follower, Node's included, until the target has a backlog's last change. */
export function followCase(
  servers: LiveServers,
  workload: Workload,
  options: BenchmarkOptions,
): Promise<CaseReport> {
  const contestants = followers.map((entry) => followContestant(servers, { ...entry, workload }));
  return contest(workload.name, contestants, {
    missing: [],
    rows: workload.changes,
    unit: 'changes',
    chosen: options.contestants,
    rounds: options.rounds ?? workload.rounds,
    log: options.log,
  });
}

interface Entry {
  readonly name: string;
  readonly follower: FollowerOf;
  readonly rounds?: number;
}

const followers: readonly Entry[] = [
  { name: 'ours', follower: engine('live') },
  { name: 'subscription', follower: subscription({ durable: false }) },
  // More than one lane is a choice, for it tears transactions of the source.
  { name: 'ours-lanes', follower: engine('live-lanes'), rounds: 1 },
  // The same terms from the other side: it does not wait for the disk either.
  { name: 'ours-relaxed', follower: relaxed('live'), rounds: 1 },
  // It waits for the disk with every transaction of the source: minutes, that do not differ.
  { name: 'subscription-durable', follower: subscription({ durable: true }), rounds: 1 },
];

function followContestant(
  servers: LiveServers,
  { workload, ...entry }: Entry & { readonly workload: Workload },
) {
  let last = 0;
  return trialContestant(servers, {
    ...entry,
    open: () => Sides.open(servers, workload),
    async prepare({ sides, follower }) {
      await follower.stop();
      await workload.load(sides);
      last = await sides.mark();
      await sides.settle();
    },
    async run({ sides, follower }) {
      const startedAt = performance.now();
      await follower.start();
      await sides.seen(last, follower);
      return { seconds: (performance.now() - startedAt) / 1000, ...follower.cost() };
    },
  });
}
