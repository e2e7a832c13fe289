import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Shape } from '../../protocol/shape.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import { leaseOf } from '../walk/context.ts';

/** What a change of the source's shape means for a collection. */
export interface ShapeDecision {
  /**
   * `ignore`: nothing that is mapped changed. `walk`: values may have changed without a change of rows. `stop`: somebody has to decide. `gone`: so it is, for there is no such collection.
   * `follow`: the plan is made anew.
   */
  readonly kind: 'ignore' | 'walk' | 'stop' | 'gone' | 'follow';
  readonly detail: string;
  readonly error: LockstepError | null;
}

export interface ShapeDifference {
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  readonly retyped: readonly string[];
}

/** Compares what a plan was made for with what is there now; only columns that the plan reads count as dropped or retyped. */
export function shapeDifference(plan: CollectionPlan, now: Shape): ShapeDifference {
  const before = new Map(plan.sourceShape.columns.map((column) => [column.name, column.type]));
  const after = new Map(now.columns.map((column) => [column.name, column.type]));
  const read = new Set([
    ...plan.columns.flatMap(({ from }) => ('column' in from ? [from.column] : [])),
    ...plan.mapReads,
    ...(plan.sourceKey ?? []),
  ]);
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    dropped: [...read].filter((name) => before.has(name) && !after.has(name)),
    retyped: [...read].filter((name) => {
      const type = after.get(name);
      return type !== undefined && before.get(name) !== type;
    }),
  };
}

export async function shapeDecision(
  context: StreamContext,
  { plan }: StreamCollection,
  told: string,
): Promise<ShapeDecision> {
  const { reader, writer, settings, signal } = context;
  const now = await reader.describe(plan.source, { signal });
  if (now === null)
    return { ...stopped(context, plan, { now, detail: `${plan.source} is gone` }), kind: 'gone' };
  const { added, dropped, retyped } = shapeDifference(plan, now);
  const { drift } = settings;
  const isIgnored = drift.columnAdded === 'ignore';
  const news = plan.allColumns && !isIgnored ? added : [];
  const wanted = isIgnored ? without(now, added) : now;
  const asked = [
    ...(dropped.length > 0 ? [drift.columnDropped] : []),
    ...(retyped.length > 0 ? [drift.typeChanged] : []),
    ...(news.length > 0 ? [drift.columnAdded] : []),
  ];
  const detail = describe({ added: news, dropped, retyped }, told);
  if (asked.includes('pause')) return stopped(context, plan, { now: wanted, detail });
  if (asked.includes('follow')) {
    await writer.align(plan, { lease: leaseOf(context), sourceShape: wanted, signal });
    return { kind: 'follow', detail, error: null };
  }
  // Nothing that we read changed by name or type; a rewrite may have changed its values.
  return { kind: added.length > 0 ? 'ignore' : 'walk', detail: told, error: null };
}

/** The target need not know of these. */
const without = (shape: Shape, names: readonly string[]): Shape => ({
  ...shape,
  columns: shape.columns.filter(({ name }) => !names.includes(name)),
});

function describe({ added, dropped, retyped }: ShapeDifference, told: string): string {
  const parts = [
    ...added.map((name) => `column ${name} was added`),
    ...dropped.map((name) => `column ${name} is gone`),
    ...retyped.map((name) => `column ${name} has another type`),
  ];
  return parts.length === 0 ? told : parts.join(', ');
}

function stopped(
  { writer }: StreamContext,
  plan: CollectionPlan,
  { now, detail }: { readonly now: Shape | null; readonly detail: string },
): ShapeDecision {
  const steps = now === null ? [] : writer.alignment(plan, now).flatMap(({ statement }) => statement ?? []);
  const statements = steps.length === 0 ? 'none are needed' : steps.join('; ');
  const error = new LockstepError('shape-drifted', { collection: plan.source, detail, statements });
  return { kind: 'stop', detail, error };
}
