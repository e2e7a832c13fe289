import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Target } from '../../../../protocol/writer.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { StateLayout } from '../state/state-layout.ts';
import { PostgresTarget } from '../target.ts';
import { type JournalCollection, type JournalEntry, unfit } from './journal.ts';
import { type KeptTables, keptTables } from './kept-tables.ts';

/** One target of a generation. */
export interface Member {
  readonly target: Target;
  readonly model: TargetModel;
  readonly journal: JournalCollection;
  readonly kept: KeptTables;
}

type Kinded = { readonly journal: Pick<JournalCollection, 'kind'> };

/** Without a key rows can't be told apart: all of them come and go at once. */
export const isWhole = ({ journal }: Kinded): boolean => journal.kind === 'whole';
export const isSwapped = ({ journal }: Kinded): boolean => journal.kind === 'swap';

export function kindOf({ plan, key }: TargetModel): JournalCollection['kind'] {
  if (plan.swap === true) return 'swap';
  return key.length === 0 ? 'whole' : 'differences';
}

export function modelOf(target: Target): TargetModel {
  if (target instanceof PostgresTarget) return target.model;
  throw new LockstepError('internal', {
    detail: `the target ${target.plan.target} was opened by another writer`,
  });
}

/** What the journal tells of, joined with the targets as they are now; anything else than what was staged for is refused. */
export function membersOf(
  layout: StateLayout,
  entry: JournalEntry,
  targets: readonly Target[],
): readonly Member[] {
  const byName = new Map(targets.map((target) => [target.plan.name, target]));
  return entry.collections.map((journal) => {
    const target = byName.get(journal.collection);
    if (target === undefined)
      throw unfit(entry.id, `${journal.collection} is no longer a collection of the pipeline`);
    const model = modelOf(target);
    refuseOther(entry, journal, model);
    return { target, model, journal, kept: keptTables(layout, model, journal) };
  });
}

function refuseOther({ id }: JournalEntry, journal: JournalCollection, model: TargetModel): void {
  const { collection } = journal;
  if (model.table.oid !== journal.oid) throw unfit(id, `${collection} was made anew since`);
  if (model.plan.fingerprint !== journal.fingerprint)
    throw unfit(id, `the configuration of ${collection} has changed since`);
  const names = new Set(model.table.columns.map(({ name }) => name));
  const lacking = journal.wholeRow.find((name) => !names.has(name));
  if (lacking !== undefined) throw unfit(id, `${collection} has lost the column ${lacking} since`);
}
