import type { CollectionPlan } from '../../src/protocol/mapping.ts';
import type { Shape } from '../../src/protocol/shape.ts';
import type { PlanOptions } from '../conformance/writer/writer-under-test.ts';

const unknownShape = (collection: string): Shape => ({
  collection,
  dialect: 'mongodb',
  columns: [],
  key: { columns: ['_id'], order: 'bson' },
  uniques: [],
  references: [],
  estimatedRows: 0,
  estimatedBytes: 0,
  native: null,
});

/** A plan of whole documents, into a collection of the same name. */
export function documentsPlan(collection: string, { scope, leaving }: PlanOptions = {}): CollectionPlan {
  return {
    name: collection,
    source: collection,
    target: collection,
    sourceShape: unknownShape(collection),
    targetShape: null,
    columns: ['_id', '$$ROOT'].map((name) => ({ target: name, from: { column: name }, type: null })),
    key: ['_id'],
    sourceKey: ['_id'],
    filter: null,
    map: null,
    alternatives: new Map(),
    mapReads: [],
    scope: scope ?? { kind: 'default' },
    leaving: leaving ?? { kind: 'delete' },
    create: false,
    fingerprint: 'test',
    guard: {},
    cursor: null,
    allColumns: true,
  };
}
