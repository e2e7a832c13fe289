import type { LockstepConfig, MapFunction, PipelineConfig } from '../../../src/index.ts';

export type Capture = 'logical' | 'triggers';

export interface Places {
  readonly source: string;
  readonly target: string;
  /** A file, or the URL of a PostgreSQL database. */
  readonly store: string;
  /** What differs comes in by generations, and nothing is held back; else it is written as it is found. */
  readonly staged?: true;
  /** The pipeline is a live one. A slot is the server's, so each world has a name for its own. */
  readonly live?: { readonly capture: Capture; readonly slot: string };
}

export const pipeline = 'shop';

/** Capital letters; hidden tags do not belong; a broken one can't be mapped. */
const mapTag: MapFunction = (row) => {
  const label = String(row['label']);
  if (label === 'broken') throw new Error('a broken tag');
  return label === 'hidden' ? null : { id: row['id'] ?? null, label: label.toUpperCase() };
};

const collections = {
  'shop.people': { scope: 'all' },
  'shop.orders': true,
  'shop.lines': true,
  'shop.prices': { scope: 'all' },
  'shop.notes': true,
  'shop.comments': true,
  'shop.likes': true,
  'shop.tags': { map: mapTag, mapVersion: '1' },
  'shop.archive': { scope: 'all' },
} as const;

/** Many small partitions, and retries that a test can wait for. */
const settings = { create: true, rowsPerPartition: 300, retry: { initialDelayMs: 20, maxDelayMs: 200 } };

/** One pipeline over everything that `shop.sql.ts` and `target.sql.ts` prepare; many small partitions. */
const full = ({ source, target, staged }: Places): PipelineConfig => ({
  source: { connector: 'postgres', url: source },
  destination: { connector: 'postgres', url: target },
  collections: { ...collections, 'shop.readings': { scope: 'all' } },
  ...settings,
  ...(staged ? { guard: { maxLeavingShare: 1 } } : { refresh: { by: 'direct' } }),
});

/** Without the table that has no key, and with what `live-tables.sql.ts` adds. */
const live = (
  { source, target }: Places,
  { capture, slot }: NonNullable<Places['live']>,
): PipelineConfig => ({
  mode: 'live',
  source: {
    connector: 'postgres',
    url: source,
    capture: capture === 'logical' ? { kind: capture, slot } : { kind: capture, pollMs: 200 },
  },
  destination: { connector: 'postgres', url: target },
  collections: {
    ...collections,
    'shop.meters': true,
    'shop.pages': true,
    'shop.logbook': true,
    'shop.archive': { scope: 'all', guard: { maxLeavingShare: 0.2 } },
  },
  ...settings,
  // Much goes under load, and all of it is meant.
  guard: { maxLeavingShare: 1 },
  stream: { breakerPauseMs: 200 },
});

export const isUrl = (store: string): boolean => store.startsWith('postgres:');

export const configuration = (places: Places): LockstepConfig => ({
  store: isUrl(places.store) ? { url: places.store } : { path: places.store },
  pipelines: { [pipeline]: places.live === undefined ? full(places) : live(places, places.live) },
});
