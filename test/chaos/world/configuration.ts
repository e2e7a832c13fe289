import type { LockstepConfig, MapFunction } from '../../../src/index.ts';

export interface Places {
  readonly source: string;
  readonly target: string;
  readonly store: string;
}

export const pipeline = 'shop';

/** Capital letters; hidden tags do not belong; a broken one can't be mapped. */
const mapTag: MapFunction = (row) => {
  const label = String(row['label']);
  if (label === 'broken') throw new Error('a broken tag');
  return label === 'hidden' ? null : { id: row['id'] ?? null, label: label.toUpperCase() };
};

/** One pipeline over everything that `shop.sql.ts` and `target.sql.ts` prepare; many small partitions. */
export const configuration = ({ source, target, store }: Places): LockstepConfig => ({
  store: { path: store },
  pipelines: {
    [pipeline]: {
      source: { connector: 'postgres', url: source },
      destination: { connector: 'postgres', url: target },
      collections: {
        'shop.people': { scope: 'all' },
        'shop.orders': true,
        'shop.lines': true,
        'shop.prices': { scope: 'all' },
        'shop.readings': { scope: 'all' },
        'shop.notes': true,
        'shop.comments': true,
        'shop.likes': true,
        'shop.tags': { map: mapTag, mapVersion: '1' },
        'shop.archive': { scope: 'all' },
      },
      create: true,
      rowsPerPartition: 300,
      retry: { initialDelayMs: 20, maxDelayMs: 200 },
    },
  },
});
