import type { StateLayout } from '../state/state-layout.ts';

/** What was decided about a target when the pipeline first saw it. */
export interface DecisionRow {
  readonly scope: 'all' | 'owned';
  readonly createdByUs: boolean;
  /** Filled without keys by us, and the keys are not known to be built. */
  readonly filling: boolean;
}

/** $1 pipeline, $2 target */
export const readDecision = ({ targets }: StateLayout): string => `
SELECT scope, created_by_us AS "createdByUs", filling_started IS NOT NULL AS filling
FROM ${targets} WHERE pipeline = $1 AND target = $2`;

/** What is known of all targets. $1 pipeline */
export const readDecisions = ({ targets }: StateLayout): string => `
SELECT target, scope, created_by_us AND filling_started IS NOT NULL AS "keysPending"
FROM ${targets} WHERE pipeline = $1`;

/** We are making the table: whatever was decided about an earlier one of that name is over. $1 pipeline, $2 target */
export const claimCreated = ({ targets }: StateLayout): string => `
INSERT INTO ${targets} (pipeline, target, scope, created_by_us, filling_started)
VALUES ($1, $2, 'all', true, now())
ON CONFLICT (pipeline, target) DO UPDATE
SET scope = excluded.scope, created_by_us = true, filling_started = excluded.filling_started`;

/** The first decision stays. $1 pipeline, $2 target, $3 scope */
export const writeDecision = ({ targets }: StateLayout): string => `
INSERT INTO ${targets} (pipeline, target, scope, created_by_us)
VALUES ($1, $2, $3, false)
ON CONFLICT DO NOTHING`;

/** Somebody else made the table after all. $1 pipeline, $2 target */
export const withdrawDecision = ({ targets }: StateLayout): string =>
  `DELETE FROM ${targets} WHERE pipeline = $1 AND target = $2`;

/** $1 pipeline, $2 target */
export const keysAreBuilt = ({ targets }: StateLayout): string =>
  `UPDATE ${targets} SET filling_started = NULL WHERE pipeline = $1 AND target = $2 AND filling_started IS NOT NULL`;

/** $1 pipeline, $2 target, $3 table */
export const noteOwnedTable = ({ targets }: StateLayout): string => `
UPDATE ${targets} SET owned_tables = owned_tables || $3::text
WHERE pipeline = $1 AND target = $2 AND NOT owned_tables @> ARRAY[$3::text]`;
