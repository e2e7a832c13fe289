import type { Finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import { collectionOf } from '../catalog/describe-collection.ts';
import type { Destination } from '../writer/destination.ts';
import { isWholePlan } from '../writer/form/field-form.ts';
import { hasNoDocument, resolveScope } from '../writer/open/open-target.ts';
import { readDecision } from '../writer/state/read-state.ts';
import { lackingRights, type Privileges } from './privileges.ts';

export interface RightsRequest {
  readonly privileges: Privileges;
  readonly signal: AbortSignal;
}

/** Collections beside the targets, for what differs and for what was there. */
const aside = ['find', 'insert', 'remove', 'listIndexes', 'createCollection', 'dropCollection'];
/** Where more differs than one transaction takes: a copy takes the target’s place, while the log tells who writes beside. */
const copied = [...aside, 'createIndex', 'renameCollectionSameDB', 'changeStream'];

/** What a generation of these plans needs of the whole database, as its collections have names of their own each time. */
export async function generationRights(
  destination: Destination,
  plans: readonly CollectionPlan[],
  { privileges, signal }: RightsRequest,
): Promise<readonly Finding[]> {
  if (privileges === null) return [];
  const actions = new Set<string>();
  for (const plan of plans)
    for (const action of await neededBy(destination, plan, signal)) actions.add(action);
  const wanted = { collection: '', subject: 'destination', actions: [...actions] };
  return lackingRights(destination.deployment, privileges, wanted);
}

/** A target that is not there yet, or has nothing, is filled directly. */
async function neededBy(
  destination: Destination,
  plan: CollectionPlan,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { target, targetShape } = plan;
  if (targetShape === null || !isWholePlan(plan)) return [];
  if (await hasNoDocument(destination, { collection: target, signal })) return [];
  const { kind } = resolveScope(plan, await readDecision(destination, { target, signal }));
  if (kind === 'owned') return [];
  if (kind !== 'all') return aside;
  const isValidated = collectionOf(targetShape)?.options['validator'] !== undefined;
  return !isValidated ? copied : [...copied, 'collMod'];
}
