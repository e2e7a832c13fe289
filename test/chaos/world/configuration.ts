import type { LockstepConfig, MapFunction, PipelineConfig } from '../../../src/index.ts';

export type Capture = 'logical' | 'triggers';

export interface Places {
  readonly source: string;
  readonly target: string;
  /** A file, or the URL of a PostgreSQL or MongoDB database. */
  readonly store: string;
  /** Both sides are MongoDB; see `mongo-world.ts`. */
  readonly documents?: true;
  /** Of documents: the pipeline is a live one. */
  readonly streams?: true;
  /** Of documents: their fields are named, and what we write into a shared collection is kept track of. */
  readonly fields?: true;
  /** What differs comes in by generations, and nothing is held back; else it is written as it is found. */
  readonly staged?: true;
  /** What changed is read since a cursor; comparisons are made when they are asked for. */
  readonly incremental?: true;
  /** One table of people who want the same phones; live, by triggers. */
  readonly alternatives?: true;
  /** The pipeline is a live one. A slot is the server's, so each world has a name for its own. */
  readonly live?: { readonly capture: Capture; readonly slot: string; readonly lanes?: number };
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
  destination: { connector: 'postgres', url: target, rebuildKeys: { fromRows: 300 } },
  collections: { ...collections, 'shop.readings': { scope: 'all' }, 'shop.visits': true },
  ...settings,
  ...(staged ? { guard: { maxLeavingShare: 1 } } : { refresh: { by: 'direct' } }),
});

/** Without the table that has no key; each other has a time that `incremental.sql.ts` adds. */
const incremental = ({ source, target }: Places): PipelineConfig => ({
  mode: 'incremental',
  comparison: 'off',
  source: { connector: 'postgres', url: source },
  destination: { connector: 'postgres', url: target },
  collections: Object.fromEntries(
    Object.entries({
      ...collections,
      'shop.tags': { ...collections['shop.tags'], exclude: ['changed_at'] },
    }).map(([name, config]) => [name, { ...(config === true ? {} : config), cursor }]),
  ),
  ...settings,
});

const cursor = { column: 'changed_at', overlap: '1s' } as const;

/** Without the table that has no key, and with what `live-tables.sql.ts` adds. */
const live = (
  { source, target }: Places,
  { capture, slot, lanes = 1 }: NonNullable<Places['live']>,
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
  stream: { breakerPauseMs: 200, lanes },
});

/** Every kind of target that `mongo-world.ts` prepares. */
const ofDocuments = ({ source, target, streams, fields }: Places): PipelineConfig => ({
  ...(streams ? { mode: 'live', stream: { breakerPauseMs: 200 } } : { refresh: { by: 'direct' } }),
  source: { connector: 'mongodb', url: source },
  destination: { connector: 'mongodb', url: target },
  collections: fields
    ? byFields
    : {
        people: true,
        labels: true,
        notes: true,
        tags: { scope: { where: '{"ours":true}' } },
        archive: { scope: 'all' },
      },
  ...settings,
});

/** All that the world's documents ever have. */
const byFields = {
  people: { columns: ['_id', 'name', 'seen', 'r0', 'r1', 'r2', 'r3', 'r4'] },
  labels: { columns: ['_id', 'text'] },
  notes: { columns: ['_id', 'body'] },
  tags: { columns: ['_id', 'ours', 'round', 'replaced'], scope: 'owned' },
  archive: { columns: ['_id', 'state'], scope: 'all' },
} as const;

/** The lowest id has the phone, whoever came first. */
const alternatives = ({ source, target }: Places): PipelineConfig => ({
  mode: 'live',
  source: { connector: 'postgres', url: source, capture: { kind: 'triggers', pollMs: 200 } },
  destination: { connector: 'postgres', url: target },
  collections: {
    'public.people': { scope: 'all', alternatives: { phone: ({ id }) => [`alt ${id}`, `more ${id}`] } },
  },
  retry: settings.retry,
});

function pipelineOf(places: Places): PipelineConfig {
  if (places.alternatives) return alternatives(places);
  if (places.documents) return ofDocuments(places);
  if (places.live !== undefined) return live(places, places.live);
  return places.incremental ? incremental(places) : full(places);
}

export const isUrl = (store: string): boolean => /^(postgres|mongodb):/.test(store);

export const configuration = (places: Places): LockstepConfig => ({
  store: isUrl(places.store) ? { url: places.store } : { path: places.store },
  pipelines: { [pipeline]: pipelineOf(places) },
});
