import type { ConnectorContext } from '../../../../protocol/connector.ts';
import type { Feed } from '../../../../protocol/feed.ts';
import type { PostgresConfig } from '../../config.ts';
import { SessionPool } from '../../session/pool.ts';
import { PostgresLogicalFeed } from './logical-feed.ts';
import { objectNames } from './object-names.ts';
import { lastSeenIn } from './watch/last-seen.ts';

/** For questions while one is being answered slowly. */
const sessions = 3;

export async function openLogicalFeed(config: PostgresConfig, context: ConnectorContext): Promise<Feed> {
  const { capture } = config;
  if (capture.kind !== 'logical') throw new Error('the configuration asks for another way of capturing');
  const { pipeline, notice, connections } = context;
  const pool = new SessionPool(config, { size: sessions, notice, role: 'source', connections });
  try {
    // Fails here rather than in the middle of the work when the server can't be reached.
    await pool.use(async () => undefined, context);
  } catch (thrown) {
    await pool[Symbol.asyncDispose]();
    throw thrown;
  }
  const names = objectNames(pipeline, capture);
  const { user } = pool;
  const setup = { pool, pipeline, names, capture, defaultSchema: config.schema, user, notice };
  return new PostgresLogicalFeed({ config, setup, lastSeen: lastSeenIn(context.life) });
}
