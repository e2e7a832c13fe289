import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { keyRepeated } from '../../../../protocol/key-repeated.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { WindowPart as GivenPart } from '../../../../protocol/writer.ts';
import { idColumn } from '../../names.ts';
import type { TargetModel } from '../model.ts';
import { MongodbTarget } from '../target.ts';

/** One target's share of a window. */
export interface WindowPart {
  readonly model: TargetModel;
  readonly changes: readonly Change[];
}

/** In the order in which they were given. Keys never change here, and nothing leaves with a document: moves and spared keys say nothing new. */
export const partsOf = (given: readonly GivenPart[]): readonly WindowPart[] =>
  given.map(({ target, changes }) => {
    if (target instanceof MongodbTarget) return partFor(target.model, changes);
    const detail = `the target ${target.plan.target} was opened by another writer`;
    throw new LockstepError('internal', { detail });
  });

/** A key twice is refused. */
function partFor(model: TargetModel, changes: readonly Change[]): WindowPart {
  const keys = new Set<Key>();
  for (const { key } of changes) {
    if (keys.has(key)) throw keyRepeated(model.collection, [idColumn], key);
    keys.add(key);
  }
  return { model, changes };
}
