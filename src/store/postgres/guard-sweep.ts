import type { PipelineName } from '../../protocol/names.ts';
import { keysPerTransaction } from '../records/in-portions.ts';
import type { PostgresDatabase } from './database.ts';
import type { Tables } from './names.ts';

const sweepKeysSql = ({ guards, guardKeys }: Tables) => `
  DELETE FROM ${guardKeys} WHERE (guard, place) IN (
    SELECT k.guard, k.place FROM ${guards} AS g JOIN ${guardKeys} AS k ON k.guard = g.id
    WHERE g.pipeline = $1 AND g.state = 'dropped' LIMIT $2)`;
const sweepGuardsSql = ({ guards, guardKeys }: Tables) => `
  DELETE FROM ${guards} AS g WHERE pipeline = $1 AND state = 'dropped'
    AND NOT EXISTS (SELECT FROM ${guardKeys} WHERE guard = g.id)`;

/**
 * Removes the keys of dropped guards, which may be millions, without keeping anybody waiting: nobody reads them any more, so that needs
 * neither a fence nor the lock of one.
 */
export function createSweep(database: PostgresDatabase): (pipeline: PipelineName) => Promise<void> {
  const sweepKeys = sweepKeysSql(database.tables);
  const sweepGuards = sweepGuardsSql(database.tables);
  return async (pipeline) => {
    for (let removed = keysPerTransaction; removed > 0; ) {
      const { count } = await database.write((session) =>
        session.query(sweepKeys, [pipeline, keysPerTransaction]),
      );
      removed = count;
    }
    await database.write((session) => session.query(sweepGuards, [pipeline]));
  };
}
