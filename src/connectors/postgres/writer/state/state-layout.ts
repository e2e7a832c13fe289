import { createHash } from 'node:crypto';
import type { CollectionName, PipelineName } from '../../../../protocol/names.ts';
import { qualified, quoteIdentifier } from '../../names.ts';

/** The names of our own tables at a destination, quoted. */
export interface StateLayout {
  readonly schemaName: string;
  readonly schema: string;
  /** One row per pipeline, shard and lane; shard '' lane 0 is the pipeline's own. */
  readonly state: string;
  /** One row per pipeline and target: what was decided about it. */
  readonly targets: string;
  /** One row per pipeline and generation; made with the first one. */
  readonly generations: string;
}

export const stateLayout = (schemaName: string): StateLayout => ({
  schemaName,
  schema: quoteIdentifier(schemaName),
  state: qualified({ schema: schemaName, table: 'state' }),
  targets: qualified({ schema: schemaName, table: 'targets' }),
  generations: qualified({ schema: schemaName, table: 'generations' }),
});

/**
 * The table that keeps which keys of a target a pipeline wrote; short, since names are cut at 63 bytes. Another key means
 * another table.
 */
export function ownedTableName(
  pipeline: PipelineName,
  target: CollectionName,
  key: readonly string[],
): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([pipeline, target, key]))
    .digest('hex');
  return `owned_${hash.slice(0, 16)}`;
}
