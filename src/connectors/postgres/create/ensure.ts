import { isLockstepError, LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../protocol/failpoints.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import { describeTable } from '../catalog/describe-table.ts';
import { parseName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { createStatements } from './create-table.ts';
import { keyStatements } from './key-statements.ts';
import { omissionStep } from './omission.ts';
import { type ReferenceStep, referenceStatements } from './reference-statements.ts';
import { tableSourceOf } from './table-source.ts';
import { readTargetFacts } from './target-facts.ts';

export interface EnsureOptions {
  /** Called first in every transaction: throws `fence-lost` when another owner took over. */
  readonly fence: (session: Session) => Promise<void>;
  readonly defaultSchema: string;
  readonly signal?: AbortSignal | undefined;
}

/** Two processes that create the same table would collide in the catalogue: one waits here for the other. */
const oneCreator = 'SELECT pg_catalog.pg_advisory_xact_lock(5571962, 1)';

/** Raises the memory for building an index, never lowers what the server has set. */
const roomForSorting = `
SELECT pg_catalog.set_config('maintenance_work_mem', '256MB', true)
WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem')) < 268435456`;

/** Makes the table that the plan is missing, with all that it needs; nothing when it is there. */
export async function ensureCreated(
  session: Session,
  plan: CollectionPlan,
  options: EnsureOptions,
): Promise<PreparedStep[]> {
  const source = tableSourceOf(plan.sourceShape);
  const target = parseName(plan.target, options.defaultSchema);
  const look = async () => {
    const facts = await readTargetFacts(session, { source, target, signal: options.signal });
    return facts.tableExists ? null : createStatements({ source, plan, target, facts });
  };
  const before = (await look())?.before ?? [];
  for (const step of before) await run(session, step, options);
  return session.transaction(async () => {
    await session.execute(oneCreator, options);
    await options.fence(session);
    const creation = await look();
    if (creation === null) return [];
    for (const step of creation.steps) await execute(session, step, options);
    return [...before, ...creation.steps, ...creation.omissions.map(omissionStep(target))];
  }, options);
}

/**
 * Builds the keys and indexes that a table of ours still lacks, each in a transaction of its own. Only for tables that
 * `ensureCreated` made: what others made is theirs. `which: 'key'`: only what makes the plan's key unique.
 */
export async function ensureKeys(
  session: Session,
  plan: CollectionPlan,
  options: EnsureOptions & { readonly which?: 'key' | 'all' },
): Promise<PreparedStep[]> {
  const source = tableSourceOf(plan.sourceShape);
  const target = parseName(plan.target, options.defaultSchema);
  const facts = await readTargetFacts(session, { source, target, signal: options.signal });
  const existing = await describeTable(session, target, options);
  if (existing === null) throw new LockstepError('collection-gone', { collection: plan.target });
  const { steps, omissions } = keyStatements({
    source,
    plan,
    target,
    facts,
    existing,
    which: options.which ?? 'all',
  });
  for (const step of steps) await run(session, step, options);
  return [...steps, ...omissions.map(omissionStep(target))];
}

/**
 * Adds the foreign keys, once the referenced tables have their rows. First NOT VALID, then validated: together that takes no longer,
 * and the referenced table, which may be somebody's busy one, is only locked for a moment. Rows that refer
 * to nothing throw `reference-missing`, and that key is taken away again.
 */
export async function ensureReferences(
  session: Session,
  plan: CollectionPlan,
  options: EnsureOptions & { readonly plans: readonly CollectionPlan[] },
): Promise<PreparedStep[]> {
  const source = tableSourceOf(plan.sourceShape);
  const target = parseName(plan.target, options.defaultSchema);
  const existing = await describeTable(session, target, options);
  const { plans, defaultSchema } = options;
  const referenced = (name: { schema: string; table: string }) => describeTable(session, name, options);
  const { steps, omissions } = await referenceStatements({
    source,
    plan,
    target,
    existing,
    plans,
    defaultSchema,
    referenced,
  });
  const done: PreparedStep[] = [];
  for (const step of steps) done.push(...(await runReference(session, step, options)));
  return [...done, ...omissions.map(omissionStep(target))];
}

/** The steps of a foreign key as they are shown and run. */
export function stepsOf({ name, add, validate }: ReferenceStep): PreparedStep[] {
  const adding = add === null ? [] : [{ what: `Create the foreign key ${name}`, statement: add }];
  const validating =
    validate === null ? [] : [{ what: `Validate the foreign key ${name}`, statement: validate }];
  return [...adding, ...validating];
}

async function runReference(
  session: Session,
  step: ReferenceStep,
  options: EnsureOptions,
): Promise<PreparedStep[]> {
  const steps = stepsOf(step);
  try {
    for (const part of steps) await run(session, part, options);
  } catch (thrown) {
    if (isLockstepError(thrown, 'reference-missing'))
      await run(session, { what: `Drop the foreign key ${step.name}`, statement: step.drop }, options);
    throw thrown;
  }
  return steps;
}

async function run(session: Session, step: PreparedStep, options: EnsureOptions): Promise<void> {
  await session.transaction(async () => {
    await options.fence(session);
    await session.execute(roomForSorting, options);
    await execute(session, step, options);
    reach('destination.build.before-commit');
  }, options);
  reach('destination.build.after-commit');
}

async function execute(session: Session, { statement }: PreparedStep, options: EnsureOptions): Promise<void> {
  if (statement !== null) await session.execute(statement, { signal: options.signal });
}
