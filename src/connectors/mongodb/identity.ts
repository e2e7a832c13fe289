import { type Document, MongoServerError } from 'mongodb';
import type { SourceIdentity } from '../../protocol/identity.ts';
import type { Deployment } from './session/deployment.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/**
 * The replica set's id, made when it was initiated and kept by its members. Who may not read its configuration (`clusterMonitor`) knows its
 * name and members only, which tell fewer deployments apart; a standalone server has nothing but its address.
 */
export async function readIdentity(deployment: Deployment, options: SignalOption): Promise<SourceIdentity> {
  const { facts, endpoint } = deployment;
  const server =
    facts.kind === 'standalone'
      ? `standalone ${endpoint.address}`
      : ((await replicaSetId(deployment, options)) ?? `${facts.setName} of ${facts.hosts.join(',')}`);
  return {
    connector: 'mongodb',
    id: `${server}/${endpoint.database}`,
    label: `MongoDB ${facts.version}, database ${endpoint.database}`,
  };
}

const unauthorized = 13;

function replicaSetId(deployment: Deployment, options: SignalOption): Promise<string | null> {
  return deployment.run(options, async () => {
    try {
      const reply = await deployment.client.db('admin').command({ replSetGetConfig: 1 }, options);
      return idIn(reply);
    } catch (thrown) {
      if (thrown instanceof MongoServerError && thrown.code === unauthorized) return null;
      throw thrown;
    }
  });
}

function idIn(reply: Document): string | null {
  const id: unknown = reply['config']?.settings?.replicaSetId;
  return id === undefined || id === null ? null : String(id);
}
