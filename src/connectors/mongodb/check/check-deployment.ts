import { type Finding, finding } from '../../../protocol/finding.ts';
import type { MongodbEndpoint } from '../config.ts';
import type { DeploymentFacts } from '../session/deployment.ts';

/** MongoDB 5.0: the first whose documents may have any field name. */
const oldestWireVersion = 13;

/** What a deployment is judged by. */
export interface Judged {
  readonly facts: Pick<DeploymentFacts, 'version' | 'wireVersion' | 'kind'>;
  readonly endpoint: Pick<MongodbEndpoint, 'address'>;
}

/** What is wrong with the deployment as a whole. */
export function checkDeployment(
  { facts, endpoint }: Judged,
  role: 'source' | 'destination',
): readonly Finding[] {
  const { address } = endpoint;
  if (facts.wireVersion < oldestWireVersion) {
    const version = `MongoDB ${facts.version}`;
    return [
      finding({ level: 'error', subject: role }, 'server-too-old', {
        address,
        version,
        minimum: 'MongoDB 5.0',
      }),
    ];
  }
  if (facts.kind === 'sharded')
    return [finding({ level: 'error', subject: role }, 'mongodb-sharded', { address })];
  if (facts.kind === 'replica-set') return [];
  return role === 'source'
    ? [
        finding({ level: 'warning', subject: role }, 'mongodb-standalone', {
          address,
          detail: 'what is read may be lost again when it crashes',
        }),
      ]
    : [
        finding({ level: 'error', subject: role }, 'mongodb-standalone', {
          address,
          detail: 'a destination needs transactions',
        }),
      ];
}
