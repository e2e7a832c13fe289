import type { ConnectorContext } from '../../../protocol/connector.ts';
import type { Feed } from '../../../protocol/feed.ts';
import type { PostgresConfig } from '../config.ts';

/** The feed of the kind that the configuration names; only its code is loaded. */
export async function openPostgresFeed(config: PostgresConfig, context: ConnectorContext): Promise<Feed> {
  if (config.capture.kind === 'logical') {
    const { openLogicalFeed } = await import('./logical/open-logical-feed.ts');
    return await openLogicalFeed(config, context);
  }
  const { openTriggersFeed } = await import('./triggers/open-triggers-feed.ts');
  return await openTriggersFeed(config, context);
}
