import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { Destination } from '../destination.ts';
import { requireFence } from '../state/read-state.ts';
import { trialTransaction } from '../state/write-transaction.ts';
import { Deadline, windowLimits } from './deadline.ts';
import { type PartPlan, planPart, type Statement, type Step, verbOf } from './part-plan.ts';
import { readFacts } from './read-facts.ts';
import { RefusedStatement, type SendRequest, sendStatements } from './send-statements.ts';
import { whoGivesUp } from './unique-fields.ts';
import { partsOf, type WindowPart } from './window-part.ts';

/** A chain of changes that depend on each other may need one round each; the engine asks again for what is left then. */
const mostRounds = 20;

/** One target's share, and what was found out about it. */
interface Trial {
  readonly part: WindowPart;
  plan: PartPlan;
  readonly failures: Map<number, LockstepError>;
}

/**
 * Which changes of a window are refused. One refused statement ends a transaction at the server, so each is found by a transaction of its own;
 * the next one goes on behind it, with everything given up that has to be, so that all of them together cost little more than writing
 * the window once. Then all others are tried again from the beginning, until none is refused: what was only possible beside a
 * refused change is refused too.
 */
export async function tryWindow(
  destination: Destination,
  { parts }: Pick<WindowWrite, 'parts'>,
  options: WriteOptions,
): Promise<readonly (readonly Outcome[])[]> {
  await requireFence(destination, options);
  const trials: Trial[] = [];
  for (const part of partsOf(parts)) trials.push(await openTrial(destination, part, options));
  for (let round = 0; round < mostRounds; round += 1) {
    const before = countFailed(trials);
    await tryRound(destination, trials, options);
    if (countFailed(trials) === before) break;
  }
  return trials.map(({ plan, failures }) =>
    plan.outcomes.map((outcome, ordinal) => {
      const error = failures.get(ordinal);
      return error === undefined ? outcome : { kind: 'failed', error };
    }),
  );
}

async function openTrial(
  { deployment }: Destination,
  part: WindowPart,
  options: WriteOptions,
): Promise<Trial> {
  if (part.changes.length === 0) return { part, plan: nothing, failures: new Map() };
  const facts = await readFacts(deployment, part, options);
  const plan = planPart(part, facts, await whoGivesUp(deployment, part.model, options));
  const failures = new Map<number, LockstepError>();
  for (const [ordinal, outcome] of plan.outcomes.entries())
    if (outcome.kind === 'failed') failures.set(ordinal, outcome.error);
  return { part, plan, failures };
}

const nothing: PartPlan = { outcomes: [], delete: [], vacate: [], insert: [], update: [] };

const countFailed = (trials: readonly Trial[]): number =>
  trials.reduce((count, { failures }) => count + failures.size, 0);

/** Where an attempt goes on: behind what was refused last. */
interface Place {
  readonly trial: number;
  readonly ordinal: number;
}

async function tryRound(
  destination: Destination,
  trials: readonly Trial[],
  options: WriteOptions,
): Promise<void> {
  let from: Place | null = { trial: 0, ordinal: 0 };
  while (from !== null) {
    const start: Place = from;
    from = await trialTransaction(destination, options, (session) =>
      attempt(destination, trials, {
        from: start,
        session,
        deadline: new Deadline(destination.deployment, windowLimits.seconds),
      }),
    );
  }
}

type Sending = Pick<SendRequest, 'session' | 'deadline'>;

/** Null: nothing more is refused. */
async function attempt(
  { deployment }: Destination,
  trials: readonly Trial[],
  { from, ...sending }: Sending & { readonly from: Place },
): Promise<Place | null> {
  // Where this is refused nothing is known of what comes after it.
  for (const step of ['delete', 'vacate'] as const)
    for (const trial of trials)
      if ((await refusedOf(deployment, trial, { step, first: 0, ...sending })) !== null) return from;
  for (const [index, trial] of trials.entries()) {
    if (index < from.trial) continue;
    const first = index === from.trial ? from.ordinal : 0;
    for (const step of ['insert', 'update'] as const) {
      const refused = await refusedOf(deployment, trial, { step, first, ...sending });
      if (refused === null) continue;
      // What is inserted goes before what is replaced, so of the others nothing is known yet.
      return { trial: index, ordinal: step === 'insert' ? first : refused + 1 };
    }
  }
  return null;
}

/** The place of the change whose statement was refused, which is noted; null: none was. */
async function refusedOf(
  deployment: Deployment,
  trial: Trial,
  { step, first, ...sending }: Sending & { readonly step: Step; readonly first: number },
): Promise<number | null> {
  const { part, plan, failures } = trial;
  const { collection } = part.model;
  const isLeft = ({ ordinal }: Statement): boolean => ordinal >= first && !failures.has(ordinal);
  const statements = plan[step].filter(isLeft);
  try {
    await sendStatements(deployment, { collection, verb: verbOf(step), statements, ...sending });
    return null;
  } catch (thrown) {
    if (!(thrown instanceof RefusedStatement)) throw thrown;
    // It says nothing of the change itself: the part is tried as it comes.
    if (step === 'vacate') trial.plan = { ...plan, vacate: [] };
    else failures.set(thrown.ordinal, thrown.error);
    return thrown.ordinal;
  }
}
