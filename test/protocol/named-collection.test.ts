import { expect, test } from 'vitest';
import { collectionNamed } from '../../src/protocol/named-collection.ts';

test.each([
  ['public.users', 'public.users'],
  ['users', 'public.users'],
  ['orders', null],
  ['sales.orders', 'sales.orders'],
  ['sers', null],
  ['customers', null],
])('%s means %s', (name, meant) => {
  const known = ['public.users', 'sales.orders', 'public.orders'];
  expect(collectionNamed(name, known)).toBe(meant);
});
