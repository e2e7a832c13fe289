import { planCollection } from '../../engine/plan/plan-collection.ts';
import { sourceSelection } from '../../engine/walk/source-selection.ts';
import { type CollectionConfig, collectionSchema } from '../../protocol/configuration.ts';
import { isLockstepError, LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { Reader } from '../../protocol/reader.ts';

export interface CollectionsRequest {
  /** As configured: names and patterns, or name → mapping. */
  readonly collections: readonly string[] | Readonly<Record<string, true | CollectionConfig>>;
  readonly create: boolean;
  readonly source: Reader;
  readonly destination: Reader;
  readonly signal: AbortSignal;
}

export interface ResolvedCollections {
  readonly plans: readonly CollectionPlan[];
  /** All at once; none of them has touched anything. */
  readonly faults: readonly LockstepError[];
}

interface Resolved {
  readonly plan: CollectionPlan | null;
  readonly faults: readonly LockstepError[];
}

/** The configured collections as plans, by what source and destination have now. */
export async function resolveCollections(request: CollectionsRequest): Promise<ResolvedCollections> {
  const perPattern = configured(request.collections).map((entry) => resolvePattern(request, ...entry));
  const resolved = (await Promise.all(perPattern)).flat();
  const plans = namedApart(resolved.flatMap(({ plan }) => plan ?? []));
  return { plans, faults: [...resolved.flatMap(({ faults }) => faults), ...sharedTargets(plans)] };
}

async function resolvePattern(
  request: CollectionsRequest,
  pattern: string,
  config: CollectionConfig,
): Promise<readonly Resolved[]> {
  const names = await request.source.list(pattern, { signal: request.signal });
  if (names.length > 0) return Promise.all(names.map((name) => resolveOne(request, name, config)));
  return [{ plan: null, faults: [await unknownCollection(request.source, pattern, request.signal)] }];
}

function configured(
  collections: CollectionsRequest['collections'],
): readonly (readonly [string, CollectionConfig])[] {
  const none = collectionSchema.parse({});
  if (isList(collections)) return collections.map((name) => [name, none]);
  return Object.entries(collections).map(([name, config]) => [name, config === true ? none : config]);
}

const isList = (collections: CollectionsRequest['collections']): collections is readonly string[] =>
  Array.isArray(collections);

async function resolveOne(
  request: CollectionsRequest,
  source: string,
  config: CollectionConfig,
): Promise<Resolved> {
  const { signal, create } = request;
  const target = config.target ?? source;
  const [sourceShape, targetShape] = await Promise.all([
    request.source.describe(source, { signal }),
    request.destination.describe(target, { signal }),
  ]);
  if (sourceShape === null)
    return { plan: null, faults: [await unknownCollection(request.source, source, signal)] };
  if (targetShape === null && !create) {
    const nearest = `${nearestHint(target, await request.destination.list('*', { signal }))} (or set \`create: true\`)`;
    return {
      plan: null,
      faults: [new LockstepError('collection-unknown', { side: 'destination', collection: target, nearest })],
    };
  }
  const name = targetShape?.collection ?? target;
  const planned = planCollection({
    source: sourceShape.collection,
    target: name,
    config,
    sourceShape,
    targetShape,
    create,
  });
  return planned.faults.length > 0 ? planned : withTypes(request, planned.plan);
}

/** Lets the source look at the plan's expressions, and takes their types where the target can't say them because it does not exist. */
async function withTypes({ source, signal }: CollectionsRequest, plan: CollectionPlan): Promise<Resolved> {
  try {
    const types = await source.typesOf(plan.source, sourceSelection(plan).selection, { signal });
    const columns = plan.columns.map((column) => ({
      ...column,
      type: column.type ?? types.get(column.target) ?? null,
    }));
    return { plan: { ...plan, columns }, faults: [] };
  } catch (thrown) {
    // A right that is missing is found by `check`, which says what to grant.
    if (isLockstepError(thrown, 'permission-denied')) return { plan, faults: [] };
    if (!isLockstepError(thrown, 'expression-invalid')) throw thrown;
    return { plan, faults: [thrown] };
  }
}

async function unknownCollection(
  source: Reader,
  collection: string,
  signal: AbortSignal,
): Promise<LockstepError> {
  const nearest = nearestHint(collection, await source.list('*', { signal }));
  return new LockstepError('collection-unknown', { side: 'source', collection, nearest });
}

/** A target that several collections share names none of them: letters, guards and checkpoints are each collection's own. */
function namedApart(plans: readonly CollectionPlan[]): readonly CollectionPlan[] {
  const byTarget = Map.groupBy(plans, ({ target }) => target);
  return plans.map((plan) =>
    byTarget.get(plan.target)?.length === 1 ? plan : { ...plan, name: `${plan.target} from ${plan.source}` },
  );
}

/** Two mappings may share a target only when both say which rows are theirs. */
function sharedTargets(plans: readonly CollectionPlan[]): readonly LockstepError[] {
  const faults: LockstepError[] = [];
  const first = new Map<string, CollectionPlan>();
  for (const plan of plans) {
    const other = first.get(plan.target);
    if (other === undefined) first.set(plan.target, plan);
    else if (plan.scope.kind !== 'where' || other.scope.kind !== 'where') {
      faults.push(
        new LockstepError('target-shared', {
          collection: plan.target,
          first: other.source,
          second: plan.source,
        }),
      );
    }
  }
  return faults;
}
