import type { Lockstep, PipelineConfig } from '../../src/index.ts';
import { openPair, type Pair, type PairOptions } from '../walk/pair.ts';

/** A table whose time of change the database sets itself, in every row that is written. */
export const items = `
  CREATE TABLE items (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
  CREATE INDEX ON items (updated_at)`;

export const touching = `
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$;
  CREATE TRIGGER touch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()`;

export interface IncrementalPair extends Pair {
  readonly lockstep: Lockstep;
}

export interface IncrementalOptions extends PairOptions {
  readonly collections?: PipelineConfig['collections'];
  readonly settings?: Partial<Omit<PipelineConfig, 'source' | 'destination' | 'collections'>>;
  /** Default: ten of the table that sets its own times. */
  readonly sql?: string;
  /** What the target has before the first run. */
  readonly targetSql?: string;
}

const tenItems = `${items}; ${touching}; INSERT INTO items SELECT n, 'v' || n FROM generate_series(1, 10) AS n`;

/** So little is read again that a test can tell what was read for its own sake. */
export const cursor = { column: 'updated_at', overlap: '1s' } as const;

/** Both sides, and an engine whose first run has copied everything. Comparisons are made when they are asked for. */
export async function openIncremental(options: IncrementalOptions = {}): Promise<IncrementalPair> {
  const { collections = { items: { cursor } }, settings = {}, sql = tenItems } = options;
  const pair = await openPair(options);
  await pair.source.query(sql);
  if (options.targetSql !== undefined) await pair.target.query(options.targetSql);
  const lockstep = await pair.engine({
    mode: 'incremental',
    comparison: 'off',
    create: true,
    collections,
    ...settings,
  });
  await lockstep.run('it');
  return { ...pair, lockstep };
}
