import type { ConnectorContext } from '../../../protocol/connector.ts';
import type { MongodbConfig } from '../config.ts';
import { Deployment } from '../session/deployment.ts';
import { MongodbReader } from './mongodb-reader.ts';

/** One connection per lane, and one for questions beside the work. */
export const connectionsFor = (lanes: number): number => lanes + 1;

export async function openMongodbReader(
  config: MongodbConfig,
  { lanes, signal }: ConnectorContext,
): Promise<MongodbReader> {
  return new MongodbReader(await Deployment.open(config, { connections: connectionsFor(lanes), signal }), {
    role: 'source',
  });
}
