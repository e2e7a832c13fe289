import { describe, expect, it } from 'vitest';
import { orderByReferences } from '../../../src/engine/plan/order.ts';
import { planCollection } from '../../../src/engine/plan/plan-collection.ts';
import { collectionSchema } from '../../../src/protocol/configuration.ts';
import type { CollectionPlan } from '../../../src/protocol/mapping.ts';
import { shapeOf } from './shapes.ts';

function plan(name: string, references: readonly string[]): CollectionPlan {
  const shape = shapeOf(name, { columns: ['id', 'parent'], key: ['id'], references });
  const request = { source: name, target: name, config: collectionSchema.parse({}), create: false };
  return planCollection({ ...request, sourceShape: shape, targetShape: shape }).plan;
}

const ordered = (...plans: readonly CollectionPlan[]) => orderByReferences(plans).map(({ name }) => name);

describe('the order of collections', () => {
  it('puts parents before children', () => {
    expect(ordered(plan('lines', ['orders']), plan('orders', ['customers']), plan('customers', []))).toEqual([
      'customers',
      'orders',
      'lines',
    ]);
  });

  it('keeps the configured order where nothing refers to anything, and ignores strangers', () => {
    expect(ordered(plan('b', ['elsewhere']), plan('a', []), plan('c', []))).toEqual(['b', 'a', 'c']);
  });

  it('ends in cycles, and with tables that refer to themselves', () => {
    expect(ordered(plan('a', ['b', 'a']), plan('b', ['a'])).toSorted()).toEqual(['a', 'b']);
  });
});
