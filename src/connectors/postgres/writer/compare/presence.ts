import type { Key } from '../../../../protocol/names.ts';
import type { Partition } from '../../../../protocol/partition.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { keyValues } from '../stage/stage-keys.ts';
import { anyRow, countOurs, presentKeys } from './read.sql.ts';

interface Options {
  readonly signal: AbortSignal;
}

export async function isEmpty(
  { pool }: Destination,
  model: TargetModel,
  { partition, signal }: Options & { readonly partition: Partition },
): Promise<boolean> {
  const statement = anyRow(model, partition);
  const { rowCount } = await pool.use((session) => session.query(statement, undefined, { signal }), {
    signal,
  });
  return rowCount === 0;
}

export async function countRows(
  { pool }: Destination,
  model: TargetModel,
  { signal }: Options,
): Promise<number> {
  const { rows } = await pool.use(
    (session) => session.query<{ count: string }>(countOurs(model), undefined, { signal }),
    { signal },
  );
  return Number(rows[0]?.count ?? 0);
}

/** Which of these keys are there, within scope and not marked; in the spelling in which they were asked for. */
export async function present(
  { pool }: Destination,
  model: TargetModel,
  { keys, signal }: Options & { readonly keys: readonly Key[] },
): Promise<ReadonlySet<Key>> {
  if (keys.length === 0) return new Set();
  const values = keyValues(
    model,
    keys.map((key, ordinal) => ({ key, ordinal })),
  );
  const { rows } = await pool.use(
    (session) =>
      session.query<{ n: number }>(presentKeys(model), values, { signal, collection: model.collection }),
    { signal },
  );
  return new Set(rows.flatMap(({ n }) => keys[n] ?? []));
}
