import type { ConnectorContext } from '../../../protocol/connector.ts';
import type { MongodbConfig } from '../config.ts';
import { connectionsFor } from '../reader/open-reader.ts';
import { Deployment } from '../session/deployment.ts';
import { MongodbWriter } from './mongodb-writer.ts';
import { Slots } from './state/slots.ts';
import { stateOf } from './state/state-documents.ts';

/** Opens a destination. Lanes that compare and lanes that write each have their connection, so that neither waits for the other. */
export async function openMongodbWriter(
  config: MongodbConfig,
  { pipeline, lanes, signal, notice }: ConnectorContext,
): Promise<MongodbWriter> {
  const connections = 2 * connectionsFor(lanes);
  const deployment = await Deployment.open(config, { connections, signal });
  const slots = new Slots(deployment.client, connectionsFor(lanes));
  return new MongodbWriter({ deployment, pipeline, slots, notice, state: stateOf(deployment) });
}
