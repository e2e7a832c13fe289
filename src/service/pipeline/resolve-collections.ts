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
  /** Names of collections that go on without columns which the target does not have. */
  readonly leavesNew?: ReadonlySet<string>;
  /** Names of collections that go on without columns which the source does not have any more. */
  readonly leavesGone?: ReadonlySet<string>;
  /** Of collections that say nothing else: a refresh swaps their targets. */
  readonly swap?: boolean;
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
  if (config.source !== undefined)
    return [await resolveOne(request, config.source, { ...config, target: config.target ?? pattern })];
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
  const names = { source: sourceShape.collection, target: targetShape?.collection ?? target };
  const planned = planCollection({
    ...names,
    config,
    sourceShape,
    targetShape,
    kinds: { source: request.source.capabilities, destination: request.destination.capabilities },
    create,
    leavesNew: isAmong(request.leavesNew, names),
    ...(targetShape === null && { spelled: await spelledTypes(request, config) }),
    leavesGone: isAmong(request.leavesGone, names),
    swap: request.swap ?? false,
  });
  if (targetShape === null && !create) {
    const missing = await unknownTarget(request.destination, target, signal);
    // What a function makes is known by the target's columns, which are not there.
    return { plan: null, faults: [missing, ...(config.map === undefined ? planned.faults : [])] };
  }
  // Without columns there is nothing that could be checked further.
  if (planned.plan.columns.length === 0) return { plan: null, faults: planned.faults };
  return planned.faults.length > 0 ? planned : withTypes(request, planned.plan);
}

/** The types of a target that is to be created. */
async function spelledTypes(
  { destination, signal }: CollectionsRequest,
  { columns = {} }: CollectionConfig,
): Promise<ReadonlyMap<string, string | null>> {
  const named = Object.values(columns).flatMap((column) =>
    typeof column === 'object' && column.as !== undefined ? [column.as] : [],
  );
  return named.length === 0 ? new Map() : ((await destination.spellTypes?.(named, { signal })) ?? new Map());
}

async function unknownTarget(
  destination: Reader,
  target: string,
  signal: AbortSignal,
): Promise<LockstepError> {
  const nearest = `${await nearestCollection(destination, target, signal)} (or set \`create: true\`)`;
  return new LockstepError('collection-unknown', { side: 'destination', collection: target, nearest });
}

/** Lets the source look at the plan's expressions, and takes their types where the target can't say them because it does not exist. */
async function withTypes({ source, signal }: CollectionsRequest, plan: CollectionPlan): Promise<Resolved> {
  try {
    const types = await source.typesOf(plan.source, sourceSelection(plan).selection, { signal });
    // They mean nothing to a target of another kind.
    const known: ReadonlyMap<string, string> = plan.conversion === undefined ? types : new Map();
    const columns = plan.columns.map((column) => ({
      ...column,
      type: column.type ?? known.get(column.target) ?? null,
    }));
    return { plan: { ...plan, columns }, faults: [] };
  } catch (thrown) {
    // A right that is missing is found by `check`, which says what to grant.
    if (isLockstepError(thrown, 'permission-denied') || isLockstepError(thrown, 'rows-hidden'))
      return { plan, faults: [] };
    if (!isLockstepError(thrown, 'expression-invalid') && !isLockstepError(thrown, 'mongodb-id-unfit'))
      throw thrown;
    return { plan, faults: [thrown] };
  }
}

async function unknownCollection(
  source: Reader,
  collection: string,
  signal: AbortSignal,
): Promise<LockstepError> {
  const nearest = await nearestCollection(source, collection, signal);
  return new LockstepError('collection-unknown', { side: 'source', collection, nearest });
}

/** Of all that there are: where a name without a schema means one schema, those of the others too. */
async function nearestCollection(side: Reader, name: string, signal: AbortSignal): Promise<string> {
  const [here, elsewhere] = await Promise.all(['*', '*.*'].map((all) => side.list(all, { signal })));
  return nearestHint(name, [...(here ?? []), ...(elsewhere ?? [])]);
}

/** A target that several collections share names none of them: letters, guards and checkpoints are each collection's own. */
function namedApart(plans: readonly CollectionPlan[]): readonly CollectionPlan[] {
  const byTarget = Map.groupBy(plans, ({ target }) => target);
  return plans.map((plan) =>
    byTarget.get(plan.target)?.length === 1 ? plan : { ...plan, name: nameApart(plan) },
  );
}

type Names = Pick<CollectionPlan, 'source' | 'target'>;

const nameApart = ({ source, target }: Names): string => `${target} from ${source}`;

/** Whether it shares its target is known once all are planned. */
const isAmong = (names: ReadonlySet<string> = new Set(), of: Names): boolean =>
  names.has(of.target) || names.has(nameApart(of));

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
