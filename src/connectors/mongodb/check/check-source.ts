import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import { collectionOf, describeCollection } from '../catalog/describe-collection.ts';
import type { Deployment } from '../session/deployment.ts';
import { checkDeployment } from './check-deployment.ts';
import { lackingRights, readPrivileges } from './privileges.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** What would go wrong, or be lost, if these collections were read. Changes nothing. */
export async function checkSource(
  deployment: Deployment,
  collections: readonly CollectionName[],
  options: SignalOption,
): Promise<readonly Finding[]> {
  const ofAll = checkDeployment(deployment, 'source');
  if (ofAll.some(({ level }) => level === 'error')) return ofAll;
  const privileges = await readPrivileges(deployment, options);
  const findings = [...ofAll];
  for (const collection of collections) {
    const lacking = lackingRights(deployment, privileges, { collection, actions: ['find', 'collStats'] });
    findings.push(
      ...lacking,
      ...(lacking.length > 0 ? [] : await checkCollection(deployment, collection, options)),
    );
  }
  return findings;
}

/** That it exists was seen when the plans were made. */
async function checkCollection(
  deployment: Deployment,
  collection: CollectionName,
  options: SignalOption,
): Promise<readonly Finding[]> {
  const shape = await describeCollection(deployment, collection, options);
  const native = shape === null ? null : collectionOf(shape);
  if (native === null) return [];
  const subject = collection;
  if (native.kind !== 'collection') {
    const kind = native.kind === 'view' ? 'a view' : 'a time series';
    return [finding({ level: 'error', subject }, 'mongodb-not-a-collection', { collection, kind })];
  }
  const { address } = deployment.endpoint;
  const isEmpty =
    (await deployment.run({ ...options, collection }, (db) =>
      db.collection(collection).findOne({}, { ...options, projection: { _id: 1 } }),
    )) === null;
  return isEmpty
    ? [finding({ level: 'warning', subject }, 'mongodb-source-empty', { collection, address })]
    : [];
}
