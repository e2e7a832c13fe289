import type { ConnectorContext } from '../../../../protocol/connector.ts';
import type { Feed } from '../../../../protocol/feed.ts';
import type { PostgresConfig } from '../../config.ts';
import { SessionPool } from '../../session/pool.ts';
import { logLayout } from './log-layout.ts';
import { PostgresTriggersFeed } from './postgres-triggers-feed.ts';

/** For questions, mending and emptying, beside each other. The reading has a session of its own. */
const sessions = 3;

export async function openTriggersFeed(config: PostgresConfig, context: ConnectorContext): Promise<Feed> {
  const { capture } = config;
  if (capture.kind !== 'triggers') throw new Error('the configuration asks for another way of capturing');
  const { notice, connections } = context;
  const pool = new SessionPool(config, { size: sessions, notice, role: 'source', connections });
  try {
    // Fails here rather than in the middle of the work when the server can't be reached.
    await pool.use(async () => undefined, context);
  } catch (thrown) {
    await pool[Symbol.asyncDispose]();
    throw thrown;
  }
  const layout = logLayout(config.stateSchema, context.pipeline, capture.names);
  const setup = { layout, bounds: capture, user: pool.user };
  return new PostgresTriggersFeed({
    pool,
    context: setup,
    defaultSchema: config.schema,
    pollMs: capture.pollMs,
  });
}
