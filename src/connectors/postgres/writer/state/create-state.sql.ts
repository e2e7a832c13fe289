import { quoteLiteral } from '../../names.ts';
import type { StateLayout } from './state-layout.ts';

/** Two engines that start at once make our tables one after the other. */
export const lockState = ({ schemaName }: StateLayout): string =>
  `SELECT pg_advisory_xact_lock(hashtextextended(${quoteLiteral(`lockstep state ${schemaName}`)}, 0))`;

export const findState = ({ schemaName, state, targets }: StateLayout): string => `
SELECT to_regnamespace(${quoteLiteral(`"${schemaName.replaceAll('"', '""')}"`)}) IS NOT NULL AS schema,
       to_regclass(${quoteLiteral(state)}) IS NOT NULL AS state,
       (SELECT count(*) FROM pg_attribute
        WHERE attrelid = to_regclass(${quoteLiteral(state)}) AND NOT attisdropped
          AND attname IN ('marks', 'newest_letter')) = 2 AS "stateIsNew",
       to_regclass(${quoteLiteral(targets)}) IS NOT NULL AS targets`;

export const createSchema = ({ schema }: StateLayout): string => `CREATE SCHEMA ${schema}`;

export const createStateTable = ({ state }: StateLayout): string => `
CREATE TABLE ${state} (
  pipeline   text COLLATE "C" NOT NULL,
  shard      text COLLATE "C" NOT NULL,
  lane       int4 NOT NULL,
  fence      int8 NOT NULL,
  position   text,
  state_id   uuid NOT NULL,
  owner_pid  int4,
  updated_at timestamptz NOT NULL DEFAULT now(),
  marks      jsonb NOT NULL DEFAULT '{}',
  newest_letter int8 NOT NULL DEFAULT 0,
  PRIMARY KEY (pipeline, shard, lane)
)`;

/** State of an engine that knew nothing of windows. Constant defaults: no row is rewritten. */
export const upgradeStateTable = ({ state }: StateLayout): string => `
ALTER TABLE ${state}
  ADD COLUMN IF NOT EXISTS marks jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS newest_letter int8 NOT NULL DEFAULT 0`;

export const createTargetsTable = ({ targets }: StateLayout): string => `
CREATE TABLE ${targets} (
  pipeline        text COLLATE "C" NOT NULL,
  target          text COLLATE "C" NOT NULL,
  scope           text NOT NULL CHECK (scope IN ('all', 'owned')),
  created_by_us   bool NOT NULL,
  filling_started timestamptz,
  owned_tables    text[] NOT NULL DEFAULT '{}',
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline, target)
)`;
