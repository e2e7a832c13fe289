import type { Change } from '../../../../protocol/change.ts';
import { keyNull } from '../../../../protocol/key-null.ts';
import type { TargetModel } from '../model/target-model.ts';

/** No row without a key may come in, since it would come in again with each change of it. */
export function refuseNullKeys({ collection, key, table }: TargetModel, changes: readonly Change[]): void {
  const nullable = key.filter(({ name }) =>
    table.columns.some((each) => each.name === name && !each.notNull),
  );
  if (nullable.length === 0) return;
  for (const change of changes) {
    if (change.kind !== 'upsert') continue;
    const missing = nullable.find(({ name }) => change.row[name] === null);
    if (missing !== undefined) throw keyNull(collection, missing.name, 'source');
  }
}
