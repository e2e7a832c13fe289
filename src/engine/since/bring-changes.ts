import type { Change } from '../../protocol/change.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Cursor, Key } from '../../protocol/names.ts';
import type { SinceRequest, SinceRows } from '../../protocol/since.ts';
import type { Row } from '../../protocol/value.ts';
import { keyDoubt } from '../plan/key-doubt.ts';
import { rowBytes } from '../stream/row-sizes.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { confirm } from '../walk/confirm.ts';
import { paced, stopIfDraining } from '../walk/context.ts';
import { parkFailures } from '../walk/fill-partition.ts';
import type { LeavingGuard } from '../walk/guard.ts';
import { mapChunk } from '../walk/map-rows.ts';
import type { Member } from '../walk/member.ts';
import { inPages } from '../walk/pages.ts';
import { RepairSink } from '../walk/repair.ts';
import { retrying } from '../walk/retrying.ts';
import { Spool } from '../walk/spool.ts';
import { writeChanges } from '../walk/write-rows.ts';

/** Rows of one transaction at the destination. */
const rowsPerWrite = 1_000;
/** Fewer where they are large: so much of them is held in memory. */
const bytesPerWrite = 4_194_304;
const keysPerLook = 500;
/** Letters that are tried again in each pass; a comparison tries all. */
const mostLetters = 1_000;

export interface Bringing {
  readonly guard: LeavingGuard;
  readonly from: () => Cursor;
  readonly next: Cursor;
  /** All that this cursor covers was written, parked, deferred, or noted as leaving. */
  readonly reached: (cursor: Cursor) => Promise<void>;
}

/**
 * Writes what changed since a cursor: rows that belong are inserted or updated where they differ, those that do not (any more) are noted
 * where the target has them. Keys that earlier passes could not finish with are taken up again: letters, and what the guard holds back.
 */
export async function bringChanges(member: Member, bringing: Bringing): Promise<void> {
  const { work, plan } = member;
  const { pipeline, events, signal } = work.context;
  events.emit('collection.started', { pipeline, collection: plan.name, estimatedRows: 0, partitions: 0 });
  await retrying(work.context, { what: `read ${plan.name}`, signal }, async () => {
    // Each attempt begins at the last cursor that was saved, and finds what leaves anew.
    await member.leaving[Symbol.asyncDispose]();
    member.leaving = await Spool.create(work.context.spillDirectory);
    const pending = new PendingRows(member);
    for await (const rows of readSince(work, bringing)) {
      await pending.take(rows);
      if (rows.next === null) continue;
      await pending.write();
      await bringing.reached(rows.next);
      stopIfDraining(work.context);
    }
  });
  for await (const keys of bringing.guard.waitingKeys(work)) await member.leaving.add(keys);
  await takeUpLetters(member);
}

/** What nothing at the source has changed may go through by now: a row that held its value, or lacked, is another one's matter. */
async function takeUpLetters({ work, plan, deferred, leaving }: Member): Promise<void> {
  const { store, pipeline, signal } = work.context;
  const letters = await store.deadLetters.list(pipeline, { collection: plan.name, limit: mostLetters });
  const keys = letters.map(({ key }) => key);
  for (const page of inPages(keys, keysPerLook)) {
    const { missing, different, extra } = await retrying(
      work.context,
      { what: `read ${plan.name}`, signal },
      () => confirm(work, page, signal),
    );
    await deferred.add([...missing, ...different].map(({ key }) => key));
    if (plan.leaving.kind !== 'keep') await leaving.add(extra);
  }
}

function readSince(
  { context, plan, source, moment }: CollectionWork,
  bringing: Bringing,
): AsyncIterable<SinceRows> {
  const { signal, settings } = context;
  const { cursor } = plan;
  if (cursor === null) throw new LockstepError('internal', { detail: `${plan.name} has no cursor` });
  return moment.stream(signal, (snapshot) => {
    const request: SinceRequest = {
      ...source,
      settings: cursor,
      from: bringing.from(),
      next: bringing.next,
      targetRows: settings.rowsPerPartition,
      signal,
    };
    if (snapshot.readSince === undefined)
      throw new LockstepError('internal', { detail: 'this source has no cursors' });
    return snapshot.readSince(plan.source, request);
  });
}

/** Rows that came and are not written yet: a transaction's worth at most, and what came with the last of them. */
class PendingRows {
  readonly #member: Member;
  #rows: Row[] = [];
  #bytes = 0;

  constructor(member: Member) {
    this.#member = member;
  }

  async take({ chunk, outside }: SinceRows): Promise<void> {
    const { work, plan } = this.#member;
    const { pipeline, events, reader } = work.context;
    const { chunk: mapped, failures, left } = mapChunk(plan, chunk);
    work.tally.sourceRows += chunk.rows.length;
    if (chunk.rows.length > 0) {
      const done = { verb: 'compared', rows: chunk.rows.length, bytes: 0 } as const;
      events.emit('rows.done', { pipeline, collection: plan.name, ...done });
    }
    await parkFailures(work, failures);
    await this.#leave([...outside, ...left.map((row) => reader.keyOf(row, work.source))]);
    this.#rows.push(...mapped.rows);
    this.#bytes += mapped.rows.reduce((sum, row) => sum + rowBytes(row), 0);
    if (this.#rows.length >= rowsPerWrite || this.#bytes >= bytesPerWrite) await this.write();
  }

  async write(): Promise<void> {
    for (const rows of inPages(this.#rows, rowsPerWrite)) await this.#writePage(rows);
    this.#rows = [];
    this.#bytes = 0;
  }

  /** Where another row may have the same key, only reading by key tells whether one has. */
  async #writePage(rows: readonly Row[]): Promise<void> {
    const { work, deferred, leaving, plan } = this.#member;
    const { context, target } = work;
    if (keyDoubt(plan) !== null) {
      const keys = new Set(rows.map((row) => target.keyOf(row)));
      return await new RepairSink(work, deferred, leaving).look([...keys]);
    }
    const changes = rows.map((row): Change => ({ kind: 'upsert', key: target.keyOf(row), row }));
    await paced(context, () => writeChanges(work, changes, { deferred, signal: context.signal }));
  }

  /** Most of them were never there; what the guard has is taken up at the end. */
  async #leave(keys: readonly Key[]): Promise<void> {
    const { work, plan, leaving } = this.#member;
    if (plan.leaving.kind === 'keep') return;
    const { signal, store, pipeline } = work.context;
    for (const page of inPages(keys, keysPerLook)) {
      const present = await retrying(work.context, { what: `read ${plan.name}`, signal }, () =>
        work.target.present(page, { signal }),
      );
      const held = await store.guards.holding(pipeline, plan.name, [...present]);
      await leaving.add([...present].filter((key) => !held.has(key)));
    }
  }
}
