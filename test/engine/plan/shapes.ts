import { planCollection } from '../../../src/engine/plan/plan-collection.ts';
import { collectionSchema } from '../../../src/protocol/configuration.ts';
import type { Shape } from '../../../src/protocol/shape.ts';

export interface ShapeSketch {
  readonly columns: readonly string[];
  readonly key?: readonly string[];
  readonly generated?: readonly string[];
  readonly references?: readonly string[];
  readonly uniques?: readonly (readonly string[])[];
}

/** A shape with only what planning looks at. */
export function shapeOf(collection: string, sketch: ShapeSketch): Shape {
  return {
    collection,
    dialect: 'postgres',
    columns: sketch.columns.map((name) => ({
      name,
      type: 'text',
      nullable: true,
      generated: sketch.generated?.includes(name) ?? false,
      hasDefault: false,
    })),
    key: sketch.key === undefined ? null : { columns: sketch.key, order: 'utf8-bytes' },
    uniques: sketch.uniques ?? [],
    references: (sketch.references ?? []).map((name) => ({
      columns: ['parent'],
      collection: name,
      referencedColumns: ['id'],
      deferrable: false,
    })),
    estimatedRows: 0,
    estimatedBytes: 0,
    native: null,
  };
}

export function planOf(
  config: unknown,
  source: ShapeSketch,
  target: ShapeSketch | null = source,
): ReturnType<typeof planCollection> {
  return planCollection({
    source: 'public.people',
    target: 'public.people',
    config: collectionSchema.parse(config),
    sourceShape: shapeOf('public.people', source),
    targetShape: target === null ? null : shapeOf('public.people', target),
    create: target === null,
  });
}
