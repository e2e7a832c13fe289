import type { ConnectorContext } from '../../../protocol/connector.ts';
import type { PostgresConfig } from '../config.ts';
import { sessionsFor } from '../reader/open-reader.ts';
import { PostgresReader } from '../reader/postgres-reader.ts';
import { SessionPool } from '../session/pool.ts';
import { PostgresWriter } from './postgres-writer.ts';
import { stateLayout } from './state/state-layout.ts';

/** Opens a destination. Reading it has sessions of its own, so that a lane that compares never waits for one that writes. */
export async function openPostgresWriter(
  config: PostgresConfig,
  context: ConnectorContext,
): Promise<PostgresWriter> {
  const { pipeline, notice, connections } = context;
  const size = sessionsFor(context.lanes);
  const options = { size, notice, role: 'destination', connections } as const;
  const pool = new SessionPool(config, options);
  try {
    // Fails here rather than in the middle of the work when the server can't be reached.
    await pool.use(async () => undefined, context);
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
  const reader = new PostgresReader(new SessionPool(config, options), { oneMoment: false });
  const layout = stateLayout(config.stateSchema);
  return new PostgresWriter({ pool, pipeline, layout, defaultSchema: config.schema, notice }, reader);
}
