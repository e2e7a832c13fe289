import { createHash } from 'node:crypto';
import type { CollectionConfig } from '../../protocol/configuration.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, Leaving, MappedColumn, Scope } from '../../protocol/mapping.ts';
import type { CollectionName } from '../../protocol/names.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { Shape } from '../../protocol/shape.ts';
import { mapColumns } from './map-columns.ts';

export interface CollectionRequest {
  readonly source: CollectionName;
  readonly target: CollectionName;
  readonly config: CollectionConfig;
  readonly sourceShape: Shape;
  readonly targetShape: Shape | null;
  readonly create: boolean;
}

/**
 * One collection's plan, or every fault that the configuration has for it. What only the destination can judge (types, rights,
 * constraints) is found by `Writer.check`.
 */
export function planCollection(request: CollectionRequest): {
  plan: CollectionPlan;
  faults: readonly LockstepError[];
} {
  const { config, sourceShape } = request;
  const { columns, faults } = mapColumns(request);
  const key = chooseKey(request, columns);
  const sourceKey = sourceColumnsOf(key, columns);
  const plan: CollectionPlan = {
    name: request.target,
    source: request.source,
    target: request.target,
    sourceShape,
    targetShape: request.targetShape,
    columns,
    key,
    sourceKey,
    allColumns: config.columns === undefined && config.map === undefined,
    filter: config.filter ?? null,
    map: config.map ?? null,
    mapReads: config.map === undefined ? [] : readsOf(config, sourceShape),
    scope: toScope(config),
    leaving: toLeaving(config),
    guard: config.guard ?? {},
    create: request.create,
    fingerprint: fingerprint(config, columns, key),
  };
  return { plan, faults: [...faults, ...keyFaults(request, plan), ...readFaults(plan)] };
}

function chooseKey(request: CollectionRequest, columns: readonly MappedColumn[]): readonly string[] {
  if (request.config.key !== undefined) return request.config.key;
  const target = request.targetShape?.key?.columns;
  const mapped = new Set(columns.map((column) => column.target));
  if (target?.every((name) => mapped.has(name))) return target;
  const source = request.sourceShape.key?.columns ?? [];
  const renamed = source.map(
    (name) => columns.find((column) => 'column' in column.from && column.from.column === name)?.target,
  );
  return renamed.every((name) => name !== undefined) ? renamed : [];
}

/** The source columns that the key is taken from unchanged, or null when an expression or a function makes part of it. */
function sourceColumnsOf(key: readonly string[], columns: readonly MappedColumn[]): readonly string[] | null {
  const sources: string[] = [];
  for (const name of key) {
    const from = columns.find((column) => column.target === name)?.from;
    if (from === undefined || !('column' in from)) return null;
    sources.push(from.column);
  }
  return sources;
}

function keyFaults(request: CollectionRequest, plan: CollectionPlan): LockstepError[] {
  const mapped = plan.columns.map((column) => column.target);
  const unknown = plan.key.filter((name) => !mapped.includes(name));
  if (unknown.length > 0) {
    return unknown.map(
      (column) =>
        new LockstepError('column-unknown', {
          collection: plan.target,
          column,
          nearest: nearestHint(column, mapped),
        }),
    );
  }
  const columns = plan.key.join(', ');
  if (plan.map !== null && plan.sourceKey === null) {
    return [new LockstepError('key-not-derivable', { collection: plan.target, columns })];
  }
  const sourceKey = request.sourceShape.key?.columns;
  const strangers =
    plan.sourceKey?.filter((name) => sourceKey !== undefined && !sourceKey.includes(name)) ?? [];
  if (strangers.length > 0 && !isUnique(request.sourceShape, plan.sourceKey ?? [])) {
    return [new LockstepError('key-not-derivable', { collection: plan.target, columns })];
  }
  return [];
}

const isUnique = (shape: Shape, columns: readonly string[]): boolean =>
  shape.uniques.some((unique) => unique.every((name) => columns.includes(name)));

function readFaults(plan: CollectionPlan): LockstepError[] {
  const known = plan.sourceShape.columns.map((column) => column.name);
  return plan.mapReads
    .filter((name) => !known.includes(name))
    .map(
      (column) =>
        new LockstepError('column-unknown', {
          collection: plan.source,
          column,
          nearest: nearestHint(column, known),
        }),
    );
}

function readsOf(config: CollectionConfig, shape: Shape): readonly string[] {
  if (config.mapReads !== undefined) return config.mapReads;
  const excluded = new Set(config.exclude ?? []);
  return shape.columns.map((column) => column.name).filter((name) => !excluded.has(name));
}

function toScope(config: CollectionConfig): Scope | { readonly kind: 'default' } {
  if (config.scope === undefined) return { kind: 'default' };
  return typeof config.scope === 'string'
    ? { kind: config.scope }
    : { kind: 'where', predicate: config.scope.where };
}

function toLeaving(config: CollectionConfig): Leaving {
  const { leaving } = config;
  if (typeof leaving === 'string') return { kind: leaving };
  return 'mark' in leaving ? { kind: 'mark', ...leaving.mark } : { kind: 'custom', ...leaving.custom };
}

/** Functions can't be compared: `mapVersion` stands for them. */
function fingerprint(
  config: CollectionConfig,
  columns: readonly MappedColumn[],
  key: readonly string[],
): string {
  const { map, guard: _limits, ...rest } = config;
  const content = JSON.stringify({
    ...rest,
    map: map === undefined ? null : (config.mapVersion ?? 'function'),
    columns,
    key,
  });
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
