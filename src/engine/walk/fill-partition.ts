import type { Change } from '../../protocol/change.ts';
import type { Chunk, Format, RowsChunk } from '../../protocol/chunk.ts';
import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { refusalOf } from '../../protocol/errors/refusal.ts';
import type { WriteCounts } from '../../protocol/outcome.ts';
import type { Partition } from '../../protocol/partition.ts';
import type { Row } from '../../protocol/value.ts';
import { parkLetters } from '../apply/dead-letters.ts';
import type { CollectionWork } from './collection-work.ts';
import { leaseOf } from './context.ts';
import { mapChunk } from './map-rows.ts';
import { inPages } from './pages.ts';
import { retrying } from './retrying.ts';
import { type DeferredKeys, writeChanges } from './write-rows.ts';

const rowsPerApply = 1_000;

export interface FillOptions {
  /** Nothing of this partition is in the target: rows are appended without looking. */
  readonly empty: boolean;
  readonly deferred: DeferredKeys;
  readonly signal: AbortSignal;
}

/**
 * Brings all rows of a partition into the target: appended where it is empty, merged where it is not (or proves not to be), and row by
 * row, with the guilty ones found out, where the destination refuses the whole. Each way writes in one transaction or leaves nothing.
 */
export async function fillPartition(
  work: CollectionWork,
  partition: Partition,
  options: FillOptions,
): Promise<void> {
  const ways = options.empty ? [appendOrMerge(), merge, rowByRow] : [merge, rowByRow];
  for (const [index, way] of ways.entries()) {
    const refusal = await retrying(
      work.context,
      { what: `copy ${work.plan.name}`, signal: options.signal },
      () => refusalOf(() => way(work, partition, options)),
    );
    if (refusal === null) return;
    if (index === ways.length - 1) throw refusal;
  }
}

type Way = (work: CollectionWork, partition: Partition, options: FillOptions) => Promise<void>;

/**
 * Appends; and once a connection went, nobody knows whether that was before or after the COMMIT, so from then on what is there is looked
 * at. A second append could double every row, where the keys are still to be built.
 */
function appendOrMerge(): Way {
  let outcomeUnknown = false;
  return async (work, partition, options) => {
    if (outcomeUnknown) return merge(work, partition, options);
    try {
      await append(work, partition, options);
    } catch (thrown) {
      outcomeUnknown = connectionFaults.has(toLockstepError(thrown).code);
      throw thrown;
    }
  };
}

const connectionFaults: ReadonlySet<ErrorCode> = new Set([
  'connection-lost',
  'connection-stalled',
  'connection-timeout',
]);

async function append(work: CollectionWork, partition: Partition, { signal }: FillOptions): Promise<void> {
  const options = { lease: leaseOf(work.context), signal };
  await inBulk({ work, partition, signal }, async (chunks) => {
    const counts = await work.target.append(chunks, options);
    work.tally.addAppended(counts);
    return counts;
  });
}

async function merge(work: CollectionWork, partition: Partition, { signal }: FillOptions): Promise<void> {
  const options = { lease: leaseOf(work.context), signal };
  await inBulk({ work, partition, signal }, async (chunks) => {
    const counts = await work.target.merge(chunks, options);
    work.tally.addMerged(counts);
    return counts;
  });
}

async function inBulk(
  { work, partition, signal }: { work: CollectionWork; partition: Partition; signal: AbortSignal },
  write: (chunks: AsyncIterable<Chunk>) => Promise<WriteCounts>,
): Promise<void> {
  const failures: { source: Row; error: LockstepError }[] = [];
  await write(mappedChunks(work, partition, { format: bulkFormat(work), signal, failures }));
  await parkFailures(work, failures);
}

/** The fastest format that both sides know; a function needs rows. */
export function bulkFormat(work: CollectionWork): Format {
  if (work.plan.map !== null) return 'rows';
  const accepted = work.context.writer.capabilities.formats;
  return work.context.reader.capabilities.formats.find((format) => accepted.includes(format)) ?? 'rows';
}

export async function* mappedChunks(
  work: CollectionWork,
  partition: Partition,
  options: {
    format: Format;
    signal: AbortSignal;
    failures: { source: Row; error: LockstepError }[];
    asItLies?: boolean;
  },
): AsyncIterable<Chunk> {
  const { plan, moment, source, context } = work;
  const { format, signal, failures, asItLies = false } = options;
  const request = { format, selection: source.selection, asItLies, signal };
  for await (const chunk of moment.stream(signal, (snapshot) =>
    snapshot.read(plan.source, partition, request),
  )) {
    const { pipeline } = context;
    context.events.emit('rows.done', { pipeline, collection: plan.name, verb: 'copied', ...sizeOf(chunk) });
    if (chunk.format !== 'rows') {
      yield chunk;
      continue;
    }
    const mapped = mapChunk(plan, chunk);
    failures.push(...mapped.failures);
    yield mapped.chunk;
  }
}

const sizeOf = (chunk: Chunk): { rows: number; bytes: number } =>
  chunk.format === 'rows'
    ? { rows: chunk.rows.length, bytes: 0 }
    : { rows: chunk.rowCount, bytes: chunk.bytes.length };

async function rowByRow(work: CollectionWork, partition: Partition, options: FillOptions): Promise<void> {
  const { signal } = options;
  const failures: { source: Row; error: LockstepError }[] = [];
  for await (const chunk of mappedChunks(work, partition, { format: 'rows', signal, failures })) {
    if (chunk.format === 'rows') await writeInPages(work, chunk, options);
  }
  await parkFailures(work, failures);
}

async function writeInPages(
  work: CollectionWork,
  chunk: RowsChunk,
  { deferred, signal }: FillOptions,
): Promise<void> {
  for (const rows of inPages(chunk.rows, rowsPerApply)) {
    const changes: Change[] = rows.map((row) => ({ kind: 'upsert', key: work.target.keyOf(row), row }));
    await writeChanges(work, changes, { deferred, signal });
  }
}

/** Rows that could not be read or mapped, under their keys. */
export async function parkFailures(
  work: CollectionWork,
  failures: readonly { source: Row; error: LockstepError }[],
): Promise<void> {
  const { context, plan, source } = work;
  const letters = failures.map(({ source: row, error }) => ({
    key: context.reader.keyOf(row, source),
    code: error.code,
    message: error.message,
  }));
  for (const page of inPages(letters, rowsPerApply)) await parkLetters(context, plan.name, page);
}
