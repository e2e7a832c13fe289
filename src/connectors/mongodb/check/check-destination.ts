import { isLockstepError, type LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import { collectionOf } from '../catalog/describe-collection.ts';
import { ownedCollection } from '../names.ts';
import type { Destination } from '../writer/destination.ts';
import { isWholePlan } from '../writer/form/field-form.ts';
import { whyUnstaged } from '../writer/generation/why-unstaged.ts';
import { checkLoad } from '../writer/load/read-load.ts';
import { makeModel, type TargetModel } from '../writer/model.ts';
import { modificationOf } from '../writer/open/creation.ts';
import { hasNoDocument, ours, resolveScope } from '../writer/open/open-target.ts';
import { readDecision } from '../writer/state/read-state.ts';
import { checkDeployment } from './check-deployment.ts';
import { checkPlan } from './check-plan.ts';
import { swapFindings } from './check-swap.ts';
import { generationRights } from './generation-rights.ts';
import { lackingRights, readPrivileges } from './privileges.ts';
import { targetDifferences } from './target-differences.ts';
import { tryQueries } from './try-queries.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

interface CheckOptions extends SignalOption {
  /** What differs is brought in by a generation, where its target has any. */
  readonly staged: boolean;
}

/** What would go wrong or be lost if these plans were carried out. Changes nothing. */
export async function checkDestination(
  destination: Destination,
  plans: readonly CollectionPlan[],
  { staged, ...options }: CheckOptions,
): Promise<readonly Finding[]> {
  const { deployment } = destination;
  const ofAll = checkDeployment(deployment, 'destination');
  if (ofAll.length > 0) return ofAll;
  const privileges = await readPrivileges(deployment, options);
  const { throttle } = deployment.config;
  const state = { collection: deployment.config.stateCollection, actions: writing };
  const findings = [
    ...lackingRights(deployment, privileges, state),
    ...(throttle === undefined ? [] : await checkLoad(deployment, throttle, options)),
  ];
  if (plans.some(({ scope }) => scope.kind === 'owned')) {
    const keys = {
      collection: ownedCollection(deployment.config),
      actions: [...writing, 'createCollection'],
    };
    findings.push(...lackingRights(deployment, privileges, keys));
  }
  if (staged) findings.push(...(await generationRights(destination, plans, { ...options, privileges })));
  for (const plan of plans) {
    const made = plan.targetShape === null ? makingOf(plan) : [];
    const wanted = [...writing, ...made, ...(plan.swap === true ? swapping : [])];
    findings.push(...lackingRights(deployment, privileges, { collection: plan.target, actions: wanted }));
    findings.push(...checkPlan(plan), ...swapFindings(plan));
    if (findings.some(({ level }) => level === 'error')) continue;
    findings.push(...(await targetFindings(destination, plan, { ...options, staged })));
  }
  return findings;
}

const writing = ['find', 'insert', 'update', 'remove', 'collStats', 'listIndexes'];

/** What only some targets are given needs a right that `readWrite` has not. */
const makingOf = (plan: CollectionPlan): readonly string[] => [
  'createCollection',
  'createIndex',
  ...(modificationOf(plan, {}) === null ? [] : ['collMod']),
];

/** Of the database: what takes a target’s place, and what it had, are collections beside it. */
const swapping = [
  'createCollection',
  'createIndex',
  'dropCollection',
  'renameCollectionSameDB',
  'changeStream',
];

async function targetFindings(
  destination: Destination,
  plan: CollectionPlan,
  { signal, staged }: CheckOptions,
): Promise<readonly Finding[]> {
  const { target, targetShape } = plan;
  const native = targetShape === null ? null : collectionOf(targetShape);
  const kind = native === null ? null : kindRefused(native.kind, native.options['capped'] === true);
  if (kind !== null)
    return [
      finding({ level: 'error', subject: target }, 'mongodb-not-a-collection', { collection: target, kind }),
    ];
  const decision = await readDecision(destination, { target, signal });
  const isNew = targetShape === null || (await hasNoDocument(destination, { collection: target, signal }));
  const model = modelOrFault(() => {
    const scope = resolveScope(plan, decision ?? (isNew ? ours : null));
    const shape = targetShape ?? plan.sourceShape;
    return makeModel({ ...plan, scope }, { shape, pipeline: destination.pipeline });
  });
  const faults = isLockstepError(model)
    ? [faultFinding(model, target)]
    : [
        ...(await tryQueries(destination.deployment, model, { signal })),
        ...(staged && !isNew ? directFindings(model) : []),
      ];
  // Where fields are mapped, the target is another collection than the source.
  if (!isWholePlan(plan)) return faults;
  return [...faults, ...targetDifferences(plan, { createdByUs: decision?.createdByUs ?? false })];
}

/** Where a generation is asked for, and what differs can't be part of one. */
function directFindings(model: TargetModel): readonly Finding[] {
  const { collection } = model;
  const reason = whyUnstaged(model);
  if (reason === null) return [];
  return [
    finding({ level: 'info', subject: collection }, 'mongodb-written-directly', { collection, reason }),
  ];
}

function kindRefused(kind: string, isCapped: boolean): string | null {
  if (kind === 'view') return 'a view';
  if (kind === 'timeseries') return 'a time series';
  return isCapped ? 'a capped collection, whose documents can’t be replaced freely' : null;
}

function modelOrFault(make: () => TargetModel): TargetModel | LockstepError {
  try {
    return make();
  } catch (thrown) {
    if (isLockstepError(thrown)) return thrown;
    throw thrown;
  }
}

const faultFinding = ({ code, message, cure }: LockstepError, subject: string): Finding => ({
  level: 'error',
  subject,
  code,
  message,
  cure,
});
