import { quoteLiteral } from '../../names.ts';
import type { StateLayout } from '../state/state-layout.ts';

/** Times are milliseconds since 1970: of reading by the engine's clock, of all else by the server's. */
export const createJournal = ({ generations }: StateLayout): string => `
CREATE TABLE ${generations} (
  pipeline       text COLLATE "C" NOT NULL,
  id             int8 NOT NULL,
  state          text NOT NULL CHECK (state IN ('staging', 'staged', 'promoted', 'rolled-back', 'discarded')),
  read_at        int8 NOT NULL,
  promoted_at    int8,
  rolled_back_at int8,
  held           text,
  collections    jsonb NOT NULL,
  positions      jsonb,
  PRIMARY KEY (pipeline, id)
)`;

/** IF NOT EXISTS would ask for rights that are not needed once it exists. */
export const findJournal = ({ generations }: StateLayout): string => `
SELECT to_regclass(${quoteLiteral(generations)}) IS NOT NULL AS found,
       EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(${quoteLiteral(generations)})
         AND attname = 'positions' AND NOT attisdropped) AS "isNew"`;

/** A journal of an engine whose streams had no generations. */
export const upgradeJournal = ({ generations }: StateLayout): string =>
  `ALTER TABLE ${generations} ADD COLUMN IF NOT EXISTS positions jsonb`;

/** By way of JSON, since an older journal lacks columns. */
const entry = `id::text, state, read_at::text AS "readAt", promoted_at::text AS "promotedAt",
       rolled_back_at::text AS "rolledBackAt", held, collections::text,
       to_jsonb(g) ->> 'positions' AS positions`;

/** $1 pipeline. Newest first. */
export const readJournal = ({ generations }: StateLayout): string => `
SELECT ${entry}
FROM ${generations} AS g WHERE pipeline = $1 ORDER BY g.id DESC`;

/** The same of one, which nobody else changes until we are done. $1 pipeline, $2 id. */
export const lockEntry = ({ generations }: StateLayout): string => `
SELECT ${entry}
FROM ${generations} AS g WHERE pipeline = $1 AND id = $2 FOR UPDATE`;

/** $1 pipeline, $2 read at, $3 collections, $4 positions. Numbers of older ones that were forgotten are not given again: the newest entry stays. */
export const addEntry = ({ generations }: StateLayout): string => `
INSERT INTO ${generations} (pipeline, id, state, read_at, collections, positions)
SELECT $1, coalesce(max(id), 0) + 1, 'staging', $2, $3, $4::jsonb FROM ${generations} WHERE pipeline = $1
RETURNING id::text`;

const now = `(extract(epoch FROM clock_timestamp()) * 1000)::int8`;

/** $1 pipeline, $2 id, $3 state, $4 held, $5 collections. */
export const changeEntry = ({ generations }: StateLayout): string => `
UPDATE ${generations} SET state = $3, held = $4, collections = $5,
  promoted_at = CASE WHEN $3 = 'promoted' THEN ${now} ELSE promoted_at END,
  rolled_back_at = CASE WHEN $3 = 'rolled-back' THEN ${now} ELSE rolled_back_at END
WHERE pipeline = $1 AND id = $2`;

/** Records of what nothing is kept of, but for the last hundred. $1 pipeline. */
export const forgetOldEntries = ({ generations }: StateLayout): string => `
DELETE FROM ${generations} WHERE pipeline = $1 AND state = 'discarded'
AND id <= (SELECT max(id) FROM ${generations} WHERE pipeline = $1) - 100`;

/** $1 pipeline */
export const forgetJournal = ({ generations }: StateLayout): string =>
  `DELETE FROM ${generations} WHERE pipeline = $1`;
