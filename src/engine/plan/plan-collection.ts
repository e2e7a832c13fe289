import { createHash } from 'node:crypto';
import type { CollectionConfig } from '../../protocol/configuration.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, Leaving, MappedColumn, Scope } from '../../protocol/mapping.ts';
import type { CollectionName } from '../../protocol/names.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { Shape } from '../../protocol/shape.ts';
import type { CursorSettings } from '../../protocol/since.ts';
import { conversionOf, isOpenTarget, type Kind } from './kinds.ts';
import { mapColumns } from './map-columns.ts';

export interface CollectionRequest {
  readonly source: CollectionName;
  readonly target: CollectionName;
  readonly config: CollectionConfig;
  readonly sourceShape: Shape;
  readonly targetShape: Shape | null;
  /** Absent: both sides are of one kind, and have the columns that are described. */
  readonly kinds?: { readonly source: Kind; readonly destination: Kind };
  readonly create: boolean;
  /** Columns of the source that the target lacks are not asked for; absent: they are a fault. */
  readonly leavesNew?: boolean | undefined;
  /** How the destination spells types that the configuration names, where that is not for itself to say; null: it has no such type. */
  readonly spelled?: ReadonlyMap<string, string | null>;
  /** Columns that the source does not have any more are left out; absent: they are a fault. */
  readonly leavesGone?: boolean | undefined;
  /** Unless the collection says otherwise. */
  readonly swap?: boolean | undefined;
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
  const { columns, ignored, faults } = mapColumns(request);
  const key = chooseKey(request, columns);
  const sourceKey = sourceColumnsOf(key, columns);
  const conversion = conversionOf(request);
  const plan: CollectionPlan = {
    name: request.target,
    source: request.source,
    target: request.target,
    sourceShape,
    targetShape: request.targetShape,
    columns,
    ...(conversion && { conversion }),
    key,
    sourceKey,
    allColumns: config.columns === undefined && config.map === undefined,
    ...(Object.keys(ignored).length > 0 && { ignored }),
    alternatives: new Map(Object.entries(config.alternatives ?? {})),
    filter: config.filter ?? null,
    cursor: toCursor(config),
    map: config.map ?? null,
    mapReads: config.map === undefined ? [] : readsOf(config, sourceShape),
    scope: toScope(config),
    leaving: toLeaving(config),
    guard: config.guard ?? {},
    swap: config.swap ?? request.swap ?? false,
    create: request.create,
    fingerprint: fingerprint(config, columns, key),
  };
  return {
    plan,
    faults: [
      ...faults,
      ...keyFaults(request, plan),
      ...readFaults(plan),
      ...alternativeFaults(plan),
      ...cursorFaults(plan),
      ...scopeFaults(request, plan),
    ],
  };
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

/** What an open shape lists besides its key are rows as they are stored, which a function can't look into. */
function readFaults(plan: CollectionPlan): LockstepError[] {
  const { sourceShape: shape, mapReads, source: collection } = plan;
  if (shape.open === undefined) return unknownColumns(plan, mapReads);
  const stored = shape.columns.map(({ name }) => name).filter((name) => !shape.key?.columns.includes(name));
  const nearest = `; \`${shape.open.all}\` asks for all fields`;
  return mapReads
    .filter((name) => stored.includes(name))
    .map((column) => new LockstepError('column-unknown', { collection, column, nearest }));
}

/** What was read since a cursor is found again by its key. */
function cursorFaults(plan: CollectionPlan): LockstepError[] {
  if (plan.cursor === null) return [];
  const { source, key, cursor } = plan;
  const keyless = key.length > 0 ? [] : [new LockstepError('cursor-needs-key', { collection: source })];
  return [...keyless, ...unknownColumns(plan, [cursor.column])];
}

const scopeFaults = (request: CollectionRequest, { scope, target }: CollectionPlan): LockstepError[] =>
  scope.kind === 'owned' && scope.adopt !== undefined && !isOpenTarget(request)
    ? [new LockstepError('adopt-refused', { collection: target })]
    : [];

function unknownColumns(plan: CollectionPlan, names: readonly string[]): LockstepError[] {
  if (plan.sourceShape.open !== undefined) return [];
  const known = plan.sourceShape.columns.map((column) => column.name);
  return names
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

/** They are values of a column that is written, and not of the key. */
function alternativeFaults(plan: CollectionPlan): LockstepError[] {
  const mapped = plan.columns.map(({ target }) => target).filter((name) => !plan.key.includes(name));
  return [...plan.alternatives.keys()]
    .filter((column) => !mapped.includes(column))
    .map(
      (column) =>
        new LockstepError('column-unknown', {
          collection: plan.target,
          column,
          nearest: nearestHint(column, mapped),
        }),
    );
}

function toCursor({ cursor }: CollectionConfig): CursorSettings | null {
  if (cursor === undefined) return null;
  return { column: cursor.column, overlap: cursor.overlap ?? null, timeZone: cursor.timeZone ?? null };
}

function readsOf(config: CollectionConfig, shape: Shape): readonly string[] {
  if (config.mapReads !== undefined) return config.mapReads;
  if (shape.open !== undefined) return [shape.open.all];
  const excluded = new Set(config.exclude ?? []);
  return shape.columns.map((column) => column.name).filter((name) => !excluded.has(name));
}

function toScope(config: CollectionConfig): Scope | { readonly kind: 'default' } {
  if (config.scope === undefined) return { kind: 'default' };
  if (typeof config.scope === 'string') return { kind: config.scope };
  if ('adopt' in config.scope) return { kind: 'owned', adopt: config.scope.adopt };
  return { kind: 'where', predicate: config.scope.where };
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
  const { map, alternatives, guard: _limits, cursor: _position, swap: _way, ...rest } = config;
  const content = JSON.stringify({
    ...rest,
    map: map === undefined ? null : (config.mapVersion ?? 'function'),
    columns,
    key,
    // Left out where there are none, so that other fingerprints stay what they were.
    alternatives: alternatives === undefined ? undefined : Object.keys(alternatives),
  });
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
