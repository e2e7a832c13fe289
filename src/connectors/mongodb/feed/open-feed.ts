import type { ConnectorContext } from '../../../protocol/connector.ts';
import type { Feed } from '../../../protocol/feed.ts';
import type { MongodbConfig } from '../config.ts';
import { Deployment } from '../session/deployment.ts';
import { MongodbFeed } from './mongodb-feed.ts';
import { PollFeed } from './poll/poll-feed.ts';

/** One waits for changes nearly all the time; the others are for questions beside it. */
const connections = 3;

export async function openMongodbFeed(
  config: MongodbConfig,
  { pipeline, notice, signal }: ConnectorContext,
): Promise<Feed> {
  const deployment = await Deployment.open(config, { connections, signal });
  const { capture } = config;
  if (capture.kind === 'poll') return new PollFeed({ deployment, pipeline, everyMs: capture.everyMs });
  return new MongodbFeed({ deployment, pipeline, notice });
}
