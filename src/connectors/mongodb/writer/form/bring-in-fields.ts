import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import { recordOwned } from '../owned/record-owned.ts';
import { type GivesUp, steps, verbOf, type Weighed } from '../window/part-plan.ts';
import { readFacts } from '../window/read-facts.ts';
import { type BringIn, write } from '../write/write.ts';
import type { Fields } from './field-form.ts';
import { type FieldWrite, weighFields } from './plan-fields.ts';

/** Makes documents, and sets of others the fields that differ, within scope, in the session's transaction; one outcome each. */
export async function bringInFields(
  into: BringIn,
  fields: Fields,
  { writes, givesUp }: { readonly writes: readonly FieldWrite[]; readonly givesUp: GivesUp },
): Promise<readonly Outcome[]> {
  const { deployment, model, session, signal } = into;
  const facts = await readFacts(deployment, { model, changes: writes }, { session, signal });
  const weighed = writes.map((each) => weighFields(each, { model, fields, facts, givesUp }));
  const error = firstError(weighed);
  if (error !== null) throw error;
  for (const step of steps) {
    const statements = weighed.flatMap(({ [step]: some = [] }) => some);
    await write(into, verbOf(step), statements);
  }
  const outcomes = weighed.map(({ outcome }) => outcome);
  const keys = writes.map(({ key }) => key);
  await recordOwned(deployment, model, { keys, outcomes, adopted: facts.adopted, session });
  return outcomes;
}

const firstError = (weighed: readonly Weighed[]): LockstepError | null =>
  weighed.reduce<LockstepError | null>(
    (first, { outcome }) => first ?? (outcome.kind === 'failed' ? outcome.error : null),
    null,
  );
