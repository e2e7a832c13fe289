import type { RefusedRow, RowsChunk } from '../../protocol/chunk.ts';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, MapFunction } from '../../protocol/mapping.ts';
import type { Row } from '../../protocol/value.ts';

export interface MappedChunk {
  /** Rows that belong, as target rows. */
  readonly chunk: RowsChunk;
  /** Rows that could not be read or mapped, as far as they were read, each with the reason. */
  readonly failures: readonly { readonly source: Row; readonly error: LockstepError }[];
  /** Rows of the source that do not belong. */
  readonly left: readonly Row[];
}

/** Rows of the source as rows of the target. Without a function they are that already. Rows that the reader refused are failures too. */
export function mapChunk(plan: CollectionPlan, chunk: RowsChunk): MappedChunk {
  const failures = (chunk.refused ?? []).map((refused) => ({
    source: withKey(plan, refused),
    error: refused.error,
  }));
  if (plan.map === null) return { chunk, failures, left: [] };
  const rows: Row[] = [];
  const left: Row[] = [];
  const originals: Row[] = [];
  for (const source of chunk.rows) {
    const mapped = mapRow(plan, plan.map, source);
    if (mapped === null) {
      left.push(source);
      continue;
    }
    if (mapped instanceof LockstepError) {
      failures.push({ source, error: mapped });
      continue;
    }
    rows.push(mapped);
    originals.push(source);
  }
  const backing = chunk.backing === null ? null : { ...chunk.backing, originals };
  return { chunk: { format: 'rows', rows, backing }, failures, left };
}

/** A refused row whose key is not known can't be parked: its collection stops. */
function withKey({ map, key, sourceKey }: CollectionPlan, { row, error }: RefusedRow): Row {
  const columns = map === null ? key : (sourceKey ?? []);
  if (columns.length === 0 || columns.some((column) => row[column] === undefined)) throw error;
  return row;
}

function mapRow(plan: CollectionPlan, map: MapFunction, source: Row): Row | null | LockstepError {
  let mapped: Row | null;
  try {
    mapped = map(source);
  } catch (thrown) {
    // The function's message may hold values of the row: only the kind of error is told.
    return new LockstepError(
      'mapping-failed',
      { collection: plan.name, detail: toError(thrown).name },
      { cause: thrown },
    );
  }
  if (mapped === null) return null;
  if (typeof mapped !== 'object') {
    return new LockstepError('mapping-failed', {
      collection: plan.name,
      detail: `it returned ${typeof mapped}`,
    });
  }
  return firstFault(plan, source, mapped) ?? mapped;
}

function firstFault(plan: CollectionPlan, source: Row, mapped: Row): LockstepError | null {
  const mayLack = plan.targetShape?.open !== undefined;
  for (const { target } of plan.columns) {
    if (mapped[target] === undefined && !(mayLack && !plan.key.includes(target))) {
      return new LockstepError('mapping-incomplete', { collection: plan.name, column: target });
    }
  }
  for (let index = 0; index < plan.key.length; index += 1) {
    const key = plan.key[index] ?? '';
    const from = plan.sourceKey?.[index] ?? '';
    if (!sameKeyValue(mapped[key], source[from])) {
      return new LockstepError('mapping-changed-key', { collection: plan.name, column: key });
    }
  }
  return null;
}

/** Key values are texts and numbers, or bytes that the function handed on. */
const sameKeyValue = (a: unknown, b: unknown): boolean => a === b || Object.is(a, b);
