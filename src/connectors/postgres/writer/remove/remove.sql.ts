import type { StateLayout } from '../state/state-layout.ts';

/** $1 pipeline */
export const ownedTables = ({ targets }: StateLayout): string =>
  `SELECT DISTINCT unnest(owned_tables) AS name FROM ${targets} WHERE pipeline = $1 ORDER BY 1`;

/** $1 pipeline */
export const forgetTargets = ({ targets }: StateLayout): string =>
  `DELETE FROM ${targets} WHERE pipeline = $1`;

/** $1 pipeline */
export const forgetState = ({ state }: StateLayout): string => `DELETE FROM ${state} WHERE pipeline = $1`;

export const anyPipeline = ({ state, targets }: StateLayout): string =>
  `SELECT FROM (SELECT pipeline FROM ${state} UNION ALL SELECT pipeline FROM ${targets}) AS any_pipeline LIMIT 1`;
