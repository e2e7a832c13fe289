import { reach } from '../../../../protocol/failpoints.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { PreparedStep } from '../../../../protocol/writer.ts';
import { ownedCollection } from '../../names.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { Destination } from '../destination.ts';
import { dropAllKept } from '../generation/clean-up.ts';
import { endOtherSessions } from './end-sessions.ts';

/**
 * Takes away what we keep of a pipeline, and our collection when that was the last one. Documents of targets stay. Not in a transaction: who
 * dies in one holds its documents for a minute, and a repeat of this takes away what is left. Whoever comes between the last look and the
 * drop makes the collection anew.
 */
export async function removePipeline(
  destination: Destination,
  { pipeline, signal }: { readonly pipeline: PipelineName; readonly signal: AbortSignal },
): Promise<readonly PreparedStep[]> {
  const { deployment, state } = destination;
  const ofPipeline = { '_id.pipeline': pipeline };
  const { stateCollection } = deployment.config;
  await endOtherSessions(destination, { which: ofPipeline, signal });
  const dropped = await dropAllKept(destination, { pipeline, signal });
  reach('destination.remove.before-commit');
  const { deletedCount: removed } = await deployment.run({ signal }, () =>
    state.all.deleteMany(ofPipeline, { writeConcern: { w: 'majority' } }),
  );
  reach('destination.remove.after-commit');
  const forget = {
    what: `Forget fence, positions and targets of ${pipeline}`,
    statement: `db.${stateCollection}.deleteMany(${JSON.stringify(ofPipeline)})`,
  };
  const keys = ownedCollection(deployment.config);
  await deployment.run({ signal }, (db) =>
    db.collection(keys).deleteMany(ofPipeline, { writeConcern: { w: 'majority' } }),
  );
  return [
    ...dropped,
    ...(removed > 0 ? [forget] : []),
    ...(await dropIfEmpty(deployment, { name: keys, what: 'our collection of keys', signal })),
    ...(await dropIfEmpty(deployment, { name: stateCollection, what: 'our state collection', signal })),
  ];
}

interface Emptied {
  readonly name: string;
  readonly what: string;
  readonly signal: AbortSignal;
}

function dropIfEmpty(
  deployment: Deployment,
  { name, what, signal }: Emptied,
): Promise<readonly PreparedStep[]> {
  return deployment.run({ signal }, async (db) => {
    const there = await db.listCollections({ name }, { nameOnly: true, signal }).toArray();
    if (there.length === 0 || (await db.collection(name).findOne({}, { signal })) !== null) return [];
    await db.collection(name).drop({ writeConcern: { w: 'majority' } });
    return [{ what: `Drop ${what}`, statement: `db.${name}.drop()` }];
  });
}
