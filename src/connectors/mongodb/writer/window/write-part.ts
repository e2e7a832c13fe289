import type { ClientSession } from 'mongodb';
import type { Change } from '../../../../protocol/change.ts';
import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import { idElement } from '../../bson/layout.ts';
import { documentsByKey } from '../../reader/by-key.ts';
import { onlyIds } from '../../reader/documents.ts';
import type { Deployment } from '../../session/deployment.ts';
import { recordOwned } from '../owned/record-owned.ts';
import { documentOfRow } from '../write/batches.ts';
import { deletion, needsLiteral, upsertion } from '../write/statements.ts';
import type { Deadline } from './deadline.ts';
import { type GivesUp, planPart, type Statement, steps, verbOf } from './part-plan.ts';
import { readFacts } from './read-facts.ts';
import { RefusedStandIn, RefusedStatement, sendStatements } from './send-statements.ts';
import type { WindowPart } from './window-part.ts';

export interface WriteRequest {
  readonly session: ClientSession;
  readonly signal: AbortSignal;
  readonly deadline: Deadline;
}

type Leave = Change & { readonly kind: 'leave' };
type Write = Exclude<Change, Leave>;

/** Everything is ours and whole, so that what is there need not be looked at before it is replaced. */
export const canBeFast = ({ model, changes }: WindowPart): boolean =>
  model.form.fields === null &&
  model.scope === null &&
  model.owned === null &&
  model.mark === null &&
  changes.every((change) => change.kind === 'leave' || (change.kind === 'upsert' && !isLiteral(change)));

const isLiteral = (change: Write): boolean => needsLiteral(documentOfRow(change.row));

/** Replaces without looking: one command for all that leave, one for all others. Of those it is known how many are new and how many differ. */
export async function writeFast(
  deployment: Deployment,
  part: WindowPart,
  request: WriteRequest,
): Promise<readonly Outcome[]> {
  const { model, changes } = part;
  const { collection } = model;
  const { session, deadline } = request;
  const left = await sendLeavings(deployment, part, request);
  const statements = changes.flatMap((change, ordinal): readonly Statement[] =>
    change.kind === 'leave' ? [] : [{ ordinal, bytes: upsertion(documentOfRow(change.row)) }],
  );
  const update = { collection, verb: 'update', statements, session, deadline } as const;
  const sent = await sendStatements(deployment, update);
  const inserted = new Set(sent.upserted);
  let modified = sent.modified;
  return changes.map(({ kind, key }, ordinal): Outcome => {
    if (kind === 'leave') return { kind: left.has(key) ? 'left' : 'unchanged' };
    if (inserted.has(ordinal)) return { kind: 'inserted' };
    modified -= 1;
    return { kind: modified >= 0 ? 'updated' : 'unchanged' };
  });
}

/** Which were there. Leavings go first: they free unique values. */
async function sendLeavings(
  deployment: Deployment,
  { model, changes }: WindowPart,
  { session, signal, deadline }: WriteRequest,
): Promise<ReadonlySet<Key>> {
  const { collection, plan } = model;
  const keys = changes.filter(({ kind }) => kind === 'leave').map(({ key }) => key);
  if (keys.length === 0 || plan.leaving.kind === 'keep') return new Set();
  const request = { collection, keys, projection: onlyIds, session, signal };
  const found = await documentsByKey(deployment, request);
  const statements = [...found.values()].map((document) => ({
    ordinal: 0,
    bytes: deletion(idElement(document)),
  }));
  await sendStatements(deployment, { collection, verb: 'delete', statements, session, deadline });
  return new Set(found.keys());
}

/** Looks at what is there, and writes what differs. */
export async function writePlanned(
  deployment: Deployment,
  part: WindowPart,
  { givesUp, ...request }: WriteRequest & { readonly givesUp: GivesUp },
): Promise<readonly Outcome[]> {
  const facts = await readFacts(deployment, part, request);
  const plan = planPart(part, facts, givesUp);
  throwFirst(plan.outcomes);
  const { collection } = part.model;
  const { session, deadline } = request;
  for (const step of steps) {
    const statements = plan[step];
    const request = { collection, verb: verbOf(step), statements, session, deadline };
    await sendStatements(deployment, request).catch((thrown: unknown) => {
      const isStandIn = step === 'vacate' && thrown instanceof RefusedStatement;
      throw isStandIn ? new RefusedStandIn(collection, thrown) : thrown;
    });
  }
  const keys = part.changes.map(({ key }) => key);
  const { outcomes } = plan;
  await recordOwned(deployment, part.model, { keys, outcomes, adopted: facts.adopted, session });
  return outcomes;
}

export function throwFirst(outcomes: readonly Outcome[]): void {
  const error = outcomes.reduce<LockstepError | null>(
    (first, outcome) => first ?? (outcome.kind === 'failed' ? outcome.error : null),
    null,
  );
  if (error !== null) throw error;
}
