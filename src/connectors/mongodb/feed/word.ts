import type { Collection } from 'mongodb';
import { isLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../protocol/failpoints.ts';
import type { PipelineName } from '../../../protocol/names.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import type { Deployment } from '../session/deployment.ts';

/** Where a word is kept: a document per pipeline in our collection at the source. */
interface WordState {
  readonly _id: { readonly pipeline: PipelineName; readonly kind: 'word' };
  readonly word: string;
}

interface WordRequest {
  readonly pipeline: PipelineName;
  readonly signal: AbortSignal;
}

const idOf = (pipeline: PipelineName): WordState['_id'] => ({ pipeline, kind: 'word' });

const wordsOf = ({ db, config }: Deployment): Collection<WordState> => db.collection(config.stateCollection);

/** Keeps the newest word only. False: nothing may be written there. */
export async function rememberWord(
  deployment: Deployment,
  { pipeline, word, signal }: WordRequest & { readonly word: string },
): Promise<boolean> {
  reach('word.keep.before');
  try {
    await deployment.run({ signal, collection: deployment.config.stateCollection }, () =>
      wordsOf(deployment).updateOne(
        { _id: idOf(pipeline) },
        { $set: { word } },
        { upsert: true, writeConcern: { w: 'majority' } },
      ),
    );
  } catch (thrown) {
    if (isLockstepError(thrown, 'permission-denied')) return false;
    throw thrown;
  }
  reach('word.keep.after');
  return true;
}

/** Null: none was kept, or none can be read. */
export async function recallWord(
  deployment: Deployment,
  { pipeline, signal }: WordRequest,
): Promise<string | null> {
  const options = { readConcern: { level: 'majority' }, signal } as const;
  try {
    const found = await deployment.run({ signal, collection: deployment.config.stateCollection }, () =>
      wordsOf(deployment).findOne({ _id: idOf(pipeline) }, options),
    );
    return found?.word ?? null;
  } catch (thrown) {
    if (isLockstepError(thrown, 'permission-denied')) return null;
    throw thrown;
  }
}

/** Forgets the pipeline's word, and drops our collection when nothing else is in it. */
export async function removeWord(
  deployment: Deployment,
  { pipeline, signal }: WordRequest,
): Promise<readonly PreparedStep[]> {
  const { stateCollection } = deployment.config;
  const removed = await forget(deployment, { pipeline, signal });
  if (removed === null) return [];
  const statement = `db.${stateCollection}.deleteOne({ _id: ${JSON.stringify(idOf(pipeline))} })`;
  const forgotten = { what: `Forget the word of ${pipeline} at the source`, statement };
  return [...(removed ? [forgotten] : []), ...(await dropIfEmpty(deployment, signal))];
}

/** Null: nothing may be written there, so nothing is there. */
async function forget(deployment: Deployment, { pipeline, signal }: WordRequest): Promise<boolean | null> {
  try {
    const { deletedCount } = await deployment.run({ signal }, () =>
      wordsOf(deployment).deleteOne({ _id: idOf(pipeline) }, { writeConcern: { w: 'majority' } }),
    );
    return deletedCount > 0;
  } catch (thrown) {
    if (isLockstepError(thrown, 'permission-denied')) return null;
    throw thrown;
  }
}

/** Whoever comes between the look and the drop makes the collection anew. */
function dropIfEmpty(deployment: Deployment, signal: AbortSignal): Promise<readonly PreparedStep[]> {
  const { stateCollection } = deployment.config;
  return deployment.run({ signal }, async (db) => {
    const there = await db.listCollections({ name: stateCollection }, { nameOnly: true, signal }).toArray();
    const words = wordsOf(deployment);
    if (there.length === 0 || (await words.findOne({}, { signal })) !== null) return [];
    await words.drop({ writeConcern: { w: 'majority' } });
    return [{ what: 'Drop our collection at the source', statement: `db.${stateCollection}.drop()` }];
  });
}
