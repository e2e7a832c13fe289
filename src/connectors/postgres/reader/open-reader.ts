import type { ConnectorContext } from '../../../protocol/connector.ts';
import type { PostgresConfig } from '../config.ts';
import { SessionPool } from '../session/pool.ts';
import { PostgresReader } from './postgres-reader.ts';

/** One session per lane, and one for questions beside the work. */
export const sessionsFor = (lanes: number): number => lanes + 1;

export async function openPostgresReader(
  config: PostgresConfig,
  context: ConnectorContext,
): Promise<PostgresReader> {
  const pool = new SessionPool(config, {
    size: sessionsFor(context.lanes),
    notice: context.notice,
    role: 'source',
    connections: context.connections,
  });
  try {
    // Fails here rather than in the middle of the work when the server can't be reached.
    await pool.use(async () => undefined, context);
    return new PostgresReader(pool, { oneMoment: true });
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
}
