import type { Change } from '../../../../protocol/change.ts';
import { keyNull } from '../../../../protocol/key-null.ts';
import { decodeKey, hasNullPart } from '../../key.ts';
import type { TargetModel } from '../model/target-model.ts';

/** No row without a key may come in: where the target would take it, it would come in again with each change of it. */
export function refuseNullKeys({ collection, key }: TargetModel, changes: readonly Change[]): void {
  const found = changes.find((change) => change.kind === 'upsert' && hasNullPart(change.key));
  if (found === undefined) return;
  const parts = decodeKey(found.key);
  const missing = key.find((_, index) => (parts[index] ?? null) === null);
  throw keyNull(collection, missing?.name ?? '', 'source');
}
