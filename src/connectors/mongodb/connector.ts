import type { Connector } from '../../protocol/connector.ts';
import { type MongodbConfig, mongodbConfigSchema, resolveEndpoint, secretsOf } from './config.ts';

/** MongoDB 5.0 and newer. The driver is loaded when something is opened. */
export const mongodbConnector: Connector<MongodbConfig> = {
  name: 'mongodb',
  configSchema: mongodbConfigSchema,
  label: (config) => {
    const { user, address } = resolveEndpoint(config);
    return `mongodb://${user === null ? '' : `${user}@`}${address}`;
  },
  secrets: secretsOf,
  openReader: async (config, context) => {
    const { openMongodbReader } = await import('./reader/open-reader.ts');
    return openMongodbReader(config, context);
  },
  openFeed: async (config, context) => {
    const { openMongodbFeed } = await import('./feed/open-feed.ts');
    return openMongodbFeed(config, context);
  },
  openWriter: async (config, context) => {
    const { openMongodbWriter } = await import('./writer/open-writer.ts');
    return openMongodbWriter(config, context);
  },
};
