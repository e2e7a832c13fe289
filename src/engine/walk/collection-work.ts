import type { DigestAgreement } from '../../protocol/digest.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Key } from '../../protocol/names.ts';
import type { LookupTime, ReadSnapshot } from '../../protocol/reader.ts';
import type { Target } from '../../protocol/writer.ts';
import { agreeOnDigest } from './agreement.ts';
import type { Knowledge } from './compare-proven.ts';
import type { WalkContext } from './context.ts';
import type { SourceMoment } from './source-moment.ts';
import { type SourceSelection, sourceSelection } from './source-selection.ts';
import { Tally } from './tally.ts';

/** One collection in one pass: where it is read, where it is written, how both sides are compared. */
export interface CollectionWork {
  readonly context: WalkContext;
  readonly plan: CollectionPlan;
  readonly target: Target;
  readonly source: SourceSelection;
  readonly moment: SourceMoment;
  /** Reads the target; each read sees the newest state. */
  readonly targetReads: ReadSnapshot;
  /** A pass makes one moment of the source true; a comparison that writes nothing says what is so now. */
  readonly lookupAt: LookupTime;
  /** Null: the servers can't hash alike (or a function maps the rows), so rows are read and hashed here. */
  readonly agreement: DigestAgreement | null;
  /** What was seen to be equal before, where a function maps the rows; null: nothing is remembered. */
  readonly knowledge: Knowledge | null;
  /** Takes the keys of rows that get another value than their own, to look at them again once others have left; null: nobody will. */
  readonly beaten: { add(keys: readonly Key[]): Promise<void> } | null;
  /** Both keys have one provable order, so a range of one side is a range of the other. */
  readonly sharedOrder: boolean;
  readonly tally: Tally;
}

export async function startWork(
  context: WalkContext,
  target: Target,
  reads: Pick<CollectionWork, 'moment' | 'targetReads' | 'lookupAt'> &
    Partial<Pick<CollectionWork, 'knowledge' | 'beaten'>>,
): Promise<CollectionWork> {
  const { plan } = target;
  return {
    context,
    plan,
    target,
    source: sourceSelection(plan),
    knowledge: null,
    beaten: null,
    ...reads,
    agreement: await agreeOnDigest(context, plan, target),
    sharedOrder: hasSharedOrder(plan, target),
    tally: new Tally(),
  };
}

function hasSharedOrder(plan: CollectionPlan, target: Target): boolean {
  const source = plan.sourceShape.key;
  const { key } = target.shape;
  if (plan.sourceKey === null || source === null || key === null || source.order === null) return false;
  return (
    source.order === key.order &&
    sameNames(source.columns, plan.sourceKey) &&
    sameNames(key.columns, plan.key)
  );
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);
