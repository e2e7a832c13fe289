import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Run } from '../../harness/benchmark.ts';
import { latencyOf } from '../../harness/latency.ts';
import type { Follower } from '../follower.ts';
import type { LiveSides, Trial } from '../trial.ts';
import type { CommitPlan } from './plan.ts';

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  /** Before what is measured, at the same pace: a service that has just begun is another matter. */
  readonly warmUpSeconds: number;
}

/** Programs that look at the target and write at the source by a plan. */
export interface Threads {
  readonly looker: URL;
  readonly writers: URL;
}

const writers = 10;

/** From the moment a writer sends COMMIT until a reader of the target sees its row: the source's own commit is in it, for everybody. */
export async function measureLatency(
  { sides, follower }: Trial<LiveSides>,
  { pace, threads: { looker, writers: writer } }: { readonly pace: Pace; readonly threads: Threads },
  log: (line: string) => void,
): Promise<Run> {
  const rowsIn = (seconds: number): number => (pace.perSecond * seconds) / writers;
  const plan = {
    writers,
    perWriter: rowsIn(pace.warmUpSeconds + pace.seconds),
    intervalMs: (1000 * writers) / pace.perSecond,
  };
  await using looking = thread(looker, { ...plan, url: sides.target });
  await looking.answer();
  await using writing = thread(writer, { ...plan, url: sides.source });
  const threads = Promise.all([writing.answer(), looking.answer()]);
  const [written, looked] = (await unlessDead(threads, follower)) as [Written, Looked];
  const from = rowsIn(pace.warmUpSeconds);
  const commits = between(written.sent, written.acknowledged, from);
  const confirmed = latencyOf(between(written.acknowledged, looked.seen, from));
  log(
    `commits took ${latencyOf(commits).p50} ms themselves (p50), and were seen ${confirmed.p50} ms (p50), ${confirmed.p99} ms (p99) after they were confirmed; the target was looked at every ${looked.betweenLooksMs.toFixed(2)} ms`,
  );
  const latencyMs = latencyOf(between(written.sent, looked.seen, from));
  return {
    seconds: written.seconds,
    done: rowsIn(pace.warmUpSeconds + pace.seconds) * writers,
    latencyMs,
    ...follower.cost(),
  };
}

/** By writer and row. */
type Times = readonly Float64Array[];

interface Written {
  readonly sent: Times;
  readonly acknowledged: Times;
  readonly seconds: number;
}

interface Looked {
  readonly seen: Times;
  readonly betweenLooksMs: number;
}

/** Milliseconds from one to the other, of each writer's rows from this one on. */
const between = (begun: Times, ended: Times, from: number): readonly number[] =>
  begun.flatMap((times, writer) =>
    Array.from(times.subarray(from), (at, n) => (ended[writer]?.[from + n] ?? Number.NaN) - at),
  );

function thread(program: URL, plan: CommitPlan) {
  const worker = new Worker(program, { workerData: plan });
  return {
    /** The next message; an error of the thread is thrown. */
    answer: async (): Promise<unknown> => (await once(worker, 'message'))[0],
    [Symbol.asyncDispose]: async (): Promise<void> => void (await worker.terminate()),
  };
}

/** What it is worth, unless the follower dies meanwhile. */
async function unlessDead<Answer>(work: Promise<Answer>, follower: Follower): Promise<Answer> {
  const over = new AbortController();
  const death = async (): Promise<never> => {
    for (;;) {
      await delay(1000, undefined, { signal: over.signal });
      await follower.expectAlive();
    }
  };
  try {
    return await Promise.race([work, death()]);
  } finally {
    over.abort();
  }
}
