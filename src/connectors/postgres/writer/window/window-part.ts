import type { Change, KeyMove } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { keyRepeated } from '../../../../protocol/key-repeated.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { WindowPart as GivenPart } from '../../../../protocol/writer.ts';
import type { TargetModel } from '../model/target-model.ts';
import { PostgresTarget } from '../target.ts';
import { refuseNullKeys } from '../write/null-keys.ts';
import { OutcomeList } from '../write/outcome-list.ts';

import { canUpsert } from './can-upsert.ts';

/** One target's share of a window. */
export interface WindowPart {
  readonly model: TargetModel;
  readonly changes: readonly Change[];
  readonly moves: readonly KeyMove[];
  readonly spared: ReadonlySet<Key>;
  readonly outcomes: OutcomeList;
}

const none: ReadonlySet<Key> = new Set();

/** Places of changes that leave only if nothing else is lost or changed with them. */
export function sparedOrdinals({ changes, moves, spared }: WindowPart): readonly number[] {
  if (moves.length === 0 && spared.size === 0) return [];
  const keys = new Set([...spared, ...moves.map(({ from }) => from)]);
  return changes.flatMap(({ kind, key }, place) => (kind === 'leave' && keys.has(key) ? [place] : []));
}

/** In the order in which they were given. A key twice in one target is refused. */
export function partsOf(given: readonly GivenPart[]): readonly WindowPart[] {
  return given
    .filter(({ changes }) => changes.length > 0)
    .map(({ target, changes, moves = [], spared = none }) => {
      if (!(target instanceof PostgresTarget)) throw foreign(target.plan.target);
      const { model } = target;
      refuseNullKeys(model, changes);
      refuseRepeated(model, changes);
      return { model, changes, moves, spared, outcomes: new OutcomeList(changes.length) };
    });
}

const foreign = (collection: string): LockstepError =>
  new LockstepError('internal', { detail: `the target ${collection} was opened by another writer` });

/** A statement of upserts is refused by the server itself when one has a key twice, and the later one counts where two statements have it. */
function refuseRepeated(model: TargetModel, changes: readonly Change[]): void {
  if (canUpsert(model) && changes.every(({ kind }) => kind === 'upsert')) return;
  const keys = new Set<Key>();
  for (const { key } of changes) {
    if (keys.has(key)) throw repeatedIn(model, key);
    keys.add(key);
  }
}

export const repeatedIn = ({ collection, key }: TargetModel, repeated?: Key): LockstepError =>
  keyRepeated(
    collection,
    key.map(({ name }) => name),
    repeated,
  );

/** Parents before children; in a circle of references any order will do. */
export function parentsFirst(parts: readonly WindowPart[]): readonly WindowPart[] {
  const sorted = new Set<WindowPart>();
  const visit = (part: WindowPart, path: ReadonlySet<WindowPart>): void => {
    if (sorted.has(part) || path.has(part)) return;
    for (const parent of parentsOf(part, parts)) visit(parent, new Set([...path, part]));
    sorted.add(part);
  };
  for (const part of parts) visit(part, new Set());
  return [...sorted];
}

const parentsOf = ({ model }: WindowPart, parts: readonly WindowPart[]): readonly WindowPart[] =>
  parts.filter((other) =>
    model.table.references.some(
      ({ schema, table }) => schema === other.model.table.schema && table === other.model.table.table,
    ),
  );
