import type { Connector } from '../../protocol/connector.ts';
import { type PostgresConfig, postgresConfigSchema, resolveEndpoint, secretsOf } from './config.ts';

/** PostgreSQL 15 and newer. The driver is loaded when something is opened. */
export const postgresConnector: Connector<PostgresConfig> = {
  name: 'postgres',
  configSchema: postgresConfigSchema,
  label: (config) => {
    const { user, address } = resolveEndpoint(config);
    return `postgres://${user}@${address}`;
  },
  secrets: secretsOf,
  openReader: async (config, context) => {
    const { openPostgresReader } = await import('./reader/open-reader.ts');
    return openPostgresReader(config, context);
  },
  openFeed: async (config, context) => {
    const { openPostgresFeed } = await import('./feed/open-feed.ts');
    return openPostgresFeed(config, context);
  },
  openWriter: async (config, context) => {
    const { openPostgresWriter } = await import('./writer/open-writer.ts');
    return openPostgresWriter(config, context);
  },
};
