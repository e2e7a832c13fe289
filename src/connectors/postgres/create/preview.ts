import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import { describeTable } from '../catalog/describe-table.ts';
import { formatName, parseName, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { createStatements } from './create-table.ts';
import { stepsOf } from './ensure.ts';
import { keyStatements } from './key-statements.ts';
import { omissionStep } from './omission.ts';
import { referenceStatements } from './reference-statements.ts';
import { tableSourceOf } from './table-source.ts';
import { readTargetFacts } from './target-facts.ts';

export interface PreviewOptions {
  readonly defaultSchema: string;
  readonly signal?: AbortSignal | undefined;
}

/** What would be run for the plans whose targets do not exist yet: the statements as they are run, in their order. */
export async function previewSteps(
  session: Session,
  plans: readonly CollectionPlan[],
  options: PreviewOptions,
): Promise<PreparedStep[]> {
  const created = plans.filter((plan) => plan.create && plan.targetShape === null);
  const steps: PreparedStep[] = [];
  for (const plan of created) steps.push(...(await previewTable(session, plan, options)));
  for (const plan of created)
    steps.push(...(await previewReferences(session, { plan, plans, created }, options)));
  return distinct(steps);
}

async function previewTable(
  session: Session,
  plan: CollectionPlan,
  options: PreviewOptions,
): Promise<PreparedStep[]> {
  const source = tableSourceOf(plan.sourceShape);
  const target = parseName(plan.target, options.defaultSchema);
  const facts = await readTargetFacts(session, { source, target, signal: options.signal });
  const request = { source, plan, target, facts };
  const creation = createStatements(request);
  const keys = keyStatements({ ...request, existing: null, which: 'all' });
  const omissions = [...creation.omissions, ...keys.omissions].map(omissionStep(target));
  return [...creation.before, ...creation.steps, ...keys.steps, ...omissions];
}

interface References {
  readonly plan: CollectionPlan;
  readonly plans: readonly CollectionPlan[];
  readonly created: readonly CollectionPlan[];
}

async function previewReferences(
  session: Session,
  { plan, plans, created }: References,
  options: PreviewOptions,
): Promise<PreparedStep[]> {
  const { defaultSchema } = options;
  const planned = new Set(created.map((candidate) => formatName(parseName(candidate.target, defaultSchema))));
  const referenced = async (name: TableName) =>
    planned.has(formatName(name)) ? ('planned' as const) : describeTable(session, name, options);
  const source = tableSourceOf(plan.sourceShape);
  const target = parseName(plan.target, defaultSchema);
  const { steps, omissions } = await referenceStatements({
    source,
    plan,
    target,
    existing: null,
    plans,
    defaultSchema,
    referenced,
  });
  return [...steps.flatMap(stepsOf), ...omissions.map(omissionStep(target))];
}

/** Tables of one pipeline share schemas and types: made once. */
const distinct = (steps: readonly PreparedStep[]): PreparedStep[] => [
  ...new Map(steps.map((step) => [step.statement ?? step.what, step])).values(),
];
