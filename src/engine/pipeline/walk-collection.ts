import type { Key } from '../../protocol/names.ts';
import type { Partition } from '../../protocol/partition.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import type { TouchQueue } from '../stream/touch-queue.ts';
import { type CollectionWork, startWork } from '../walk/collection-work.ts';
import { compareCollection } from '../walk/compare.ts';
import type { SuspectSink } from '../walk/compare-partitions.ts';
import { finish } from '../walk/finish.ts';
import { LeavingGuard } from '../walk/guard.ts';
import type { Suspects } from '../walk/hash-join.ts';
import { stillThere } from '../walk/leave.ts';
import { retrying } from '../walk/retrying.ts';
import { SourceMoment } from '../walk/source-moment.ts';
import { Spool } from '../walk/spool.ts';
import type { KnownEqual } from './known-equal.ts';

export interface WalkedCollection {
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Keys that looked different and were read and written again by the stream. */
  readonly touched: number;
  /** Keys that would leave and wait for somebody to approve. */
  readonly held: number;
}

export interface WalkParts {
  readonly context: StreamContext;
  readonly touches: TouchQueue;
  readonly knownEqual: KnownEqual;
  /** Told when leavings wait for approval, so that the stream holds its own too. */
  readonly held: (collection: string, leaving: number) => void;
}

/**
 * Compares a collection with its source while its changes flow, and mends it by touches: the walk itself writes nothing, so nothing that
 * it read can follow something newer. What would leave is decided as a whole before any of it is touched.
 */
export async function walkCollection(
  { plan, target }: StreamCollection,
  { context, touches, knownEqual, held }: WalkParts,
): Promise<WalkedCollection> {
  const { reader, writer, signal, spillDirectory } = context;
  await using moment = new SourceMoment(reader);
  await using targetReads = await retrying(context, { what: 'read', signal }, () =>
    writer.reader.snapshot({ signal }),
  );
  const work = await retrying(context, { what: `open ${plan.name}`, signal }, async () => {
    const knowledge = await knownEqual.of(context, plan, target);
    return startWork(context, target, { moment, targetReads, lookupAt: 'now', knowledge });
  });
  await using leaving = await Spool.create(spillDirectory);
  const sink = new TouchSink(work, touches, leaving);
  await compareCollection(work, sink);
  knownEqual.compared(context, plan.name, work.tally.sourceRows);
  await touchLetters(work, touches);
  await touches.drained(plan.name, signal);
  const { left, waiting } = await letLeave(work, leaving, { touches, held });
  await finish(work, 'sequences');
  const { sourceRows, targetRows } = work.tally;
  return { sourceRows, targetRows, touched: sink.touched + left, held: waiting };
}

class TouchSink implements SuspectSink {
  touched = 0;
  readonly #work: CollectionWork;
  readonly #touches: TouchQueue;
  readonly #leaving: Spool;

  constructor(work: CollectionWork, touches: TouchQueue, leaving: Spool) {
    this.#work = work;
    this.#touches = touches;
    this.#leaving = leaving;
  }

  async add({ missing, different, extra }: Suspects, _partition: Partition, _rows: number): Promise<void> {
    await this.#touch([...missing, ...different]);
    if (this.#work.plan.leaving.kind !== 'keep') await this.#leaving.add(extra);
  }

  async #touch(keys: readonly Key[]): Promise<void> {
    this.touched += keys.length;
    await this.#touches.add(this.#work.plan.name, keys, { signal: this.#work.context.signal });
  }
}

const lettersPerPage = 1_000;

/** Rows that are equal by now, and rows that the destination would take by now, have no letter afterwards. */
async function touchLetters({ context, plan }: CollectionWork, touches: TouchQueue): Promise<void> {
  const { store, pipeline, signal } = context;
  for (let afterId = 0; ; ) {
    const page = { collection: plan.name, afterId, limit: lettersPerPage };
    const letters = await store.deadLetters.list(pipeline, page);
    const last = letters.at(-1);
    if (last === undefined) return;
    afterId = last.id;
    await touches.add(
      plan.name,
      letters.map(({ key }) => key),
      { signal },
    );
  }
}

/** How many keys leave, and how many wait for somebody to approve. What was approved before is in neither. */
async function letLeave(
  work: CollectionWork,
  leaving: Spool,
  { touches, held }: Pick<WalkParts, 'touches' | 'held'>,
): Promise<{ readonly left: number; readonly waiting: number }> {
  const { context, plan, target } = work;
  const { signal } = context;
  const guard = new LeavingGuard();
  // What somebody approved goes first: it would else be weighed once more, and the approval be forgotten.
  if (await guard.hasApproval(work)) {
    for await (const page of guard.keptKeys(work))
      await touches.add(plan.name, page, { signal, mayLeave: true });
    await touches.drained(plan.name, signal);
  }
  await using rest = await stillThere(work, leaving);
  if (rest.count === 0) return { left: 0, waiting: 0 };
  const total = await target.countRows({ signal });
  if (await guard.holds(work, rest.count, total)) {
    await guard.raise(work, { leaving: rest.count, total }, () => rest.pages());
    held(plan.name, rest.count);
    return { left: 0, waiting: rest.count };
  }
  for await (const page of rest.pages()) await touches.add(plan.name, page, { signal, mayLeave: true });
  await touches.drained(plan.name, signal);
  return { left: rest.count, waiting: 0 };
}
