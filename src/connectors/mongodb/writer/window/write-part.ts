import type { ClientSession } from 'mongodb';
import type { Change } from '../../../../protocol/change.ts';
import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import { elementOfKey } from '../../key.ts';
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

/** What an insert spares the server is 16 µs each; another command takes a millisecond on its way. */
const worthACommand = 50;

const isNew = (change: Change): boolean => change.kind === 'upsert' && change.isNew === true;

/** So many are said to be new that they go in by a command of their own. */
export const hasNewcomers = ({ changes }: Pick<WindowPart, 'changes'>): boolean =>
  changes.filter(isNew).length >= worthACommand;

/**
 * Replaces without looking: a command for all that leave, one for all that are replaced or made, and one for those that are believed to be new.
 * How many are new, how many differ and how many left is known, and not which of several of a kind.
 */
export async function writeFast(
  deployment: Deployment,
  part: WindowPart,
  { believesNew, ...request }: WriteRequest & { readonly believesNew: boolean },
): Promise<readonly Outcome[]> {
  const { model, changes } = part;
  const { collection } = model;
  const { session, deadline } = request;
  const fresh: Statement[] = [];
  const others: Statement[] = [];
  const inserts = believesNew && hasNewcomers(part);
  for (const [ordinal, change] of changes.entries()) {
    if (change.kind === 'leave') continue;
    const document = documentOfRow(change.row);
    if (inserts && isNew(change)) fresh.push({ ordinal, bytes: document });
    else others.push({ ordinal, bytes: upsertion(document) });
  }
  const left = await sendLeavings(deployment, part, request);
  const into = { collection, session, deadline };
  const sent = await sendStatements(deployment, { ...into, verb: 'update', statements: others });
  await sendStatements(deployment, { ...into, verb: 'insert', statements: fresh });
  const inserted = new Set([...sent.upserted, ...fresh.map(({ ordinal }) => ordinal)]);
  const [hasLeft, isUpdated] = [firstOf(left), firstOf(sent.modified)];
  return changes.map(({ kind }, ordinal): Outcome => {
    if (kind === 'leave') return { kind: hasLeft() ? 'left' : 'unchanged' };
    if (inserted.has(ordinal)) return { kind: 'inserted' };
    return { kind: isUpdated() ? 'updated' : 'unchanged' };
  });
}

/** True for the first so many that ask. */
function firstOf(count: number): () => boolean {
  let rest = count;
  return () => {
    rest -= 1;
    return rest >= 0;
  };
}

/** How many were there. Leavings go first: they free unique values. */
async function sendLeavings(
  deployment: Deployment,
  { model, changes }: WindowPart,
  { session, deadline }: WriteRequest,
): Promise<number> {
  const { collection, plan } = model;
  if (plan.leaving.kind === 'keep') return 0;
  const statements = changes.flatMap(({ kind, key }, ordinal): readonly Statement[] => {
    const id = kind === 'leave' ? elementOfKey(key) : null;
    return id === null ? [] : [{ ordinal, bytes: deletion(id) }];
  });
  const sent = await sendStatements(deployment, {
    collection,
    verb: 'delete',
    statements,
    session,
    deadline,
  });
  return sent.count;
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
