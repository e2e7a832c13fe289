import { hash as hashOnce } from 'node:crypto';
import type { RowsChunk, StoredForm } from '../../protocol/chunk.ts';
import type { HashedKey, RowGroups } from '../../protocol/digest.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { Row } from '../../protocol/value.ts';
import type { GroupedQuery } from '../../protocol/writer.ts';
import type { CollectionWork } from './collection-work.ts';
import { pacedEach } from './context.ts';
import type { GroupSums } from './group-sums.ts';
import { mapChunk } from './map-rows.ts';

/** As likely as any other hash: one row in 2^64 has it by accident. */
const noRowsHash = -1n;

/** Every row of the source (or of some groups), mapped and hashed in the form in which the target would store it. */
export async function* sourceHashes(
  work: CollectionWork,
  signal: AbortSignal,
  groups?: RowGroups,
): AsyncIterable<readonly HashedKey[]> {
  const { plan, moment, source } = work;
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const { selection } = source;
  const options = { format: 'rows', selection, signal, ...(groups && { groups }) } as const;
  for await (const chunk of moment.stream(signal, (snapshot) =>
    snapshot.read(plan.source, everything, options),
  )) {
    if (chunk.format !== 'rows') continue;
    const mapped = mapChunk(plan, chunk);
    yield hashChunk(work, mapped.chunk);
    if (mapped.failures.length > 0)
      yield mapped.failures.map(({ source: row }) => unlikeAny(work, row, source.keyColumns));
  }
}

/** Every row that the target has within scope. */
export async function* targetHashes(
  { context, plan, target }: CollectionWork,
  signal: AbortSignal,
): AsyncIterable<readonly HashedKey[]> {
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const read = pacedEach(context, target.readStoredForms(everything, { signal }));
  for await (const forms of read) yield forms.map(toHashedKey);
}

/** The same of some groups, whose sums are made of what comes. */
export async function* groupedHashes(
  { context, target }: CollectionWork,
  query: GroupedQuery,
  sums: GroupSums,
): AsyncIterable<readonly HashedKey[]> {
  if (target.readGroupedForms === undefined)
    throw new LockstepError('internal', { detail: 'the target does not read by groups' });
  for await (const forms of pacedEach(context, target.readGroupedForms(query))) {
    for (const { group, hash } of forms) sums.addRow(group, hash);
    yield forms.map((form) => ({ ...toHashedKey(form), group: form.group }));
  }
}

/** Where one row has a value that the target can't store, each is tried alone. */
function hashChunk(work: CollectionWork, chunk: RowsChunk): readonly HashedKey[] {
  try {
    return work.target.storedForms(chunk).map(toHashedKey);
  } catch (thrown) {
    if (toLockstepError(thrown).class !== 'change') throw thrown;
    if (chunk.rows.length > 1)
      return chunk.rows.flatMap((row) => hashChunk(work, { format: 'rows', rows: [row], backing: null }));
    return chunk.rows.map((row) => unlikeAny(work, row, work.plan.key));
  }
}

/** A row that can't be mapped, or not be stored, must come out of a join, whatever the target holds: it is parked when it is confirmed. */
const unlikeAny = (
  { context, source }: CollectionWork,
  row: Row,
  keyColumns: readonly string[],
): HashedKey => ({
  key: context.reader.keyOf(row, { ...source, keyColumns }),
  hash: noRowsHash,
});

/** 64 of SHA-256's bits: cheap where the CPU has them in hardware, and no two rows meet by accident. */
function toHashedKey(form: StoredForm): HashedKey {
  const hex = hashOnce('sha256', form.bytes, 'hex');
  return { key: form.key, hash: BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)) };
}
