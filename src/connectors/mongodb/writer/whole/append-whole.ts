import type { Chunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { WholeAppend, WholeOptions } from '../../../../protocol/writer.ts';
import { keptName } from '../../kept-names.ts';
import type { Destination } from '../destination.ts';
import { requireAlike } from '../generation/alike.ts';
import { dropKept } from '../generation/clean-up.ts';
import { makeKept, requireStill } from '../generation/fill.ts';
import type { KeptCollection } from '../generation/journal.ts';
import type { TargetModel } from '../model.ts';
import { hasNoDocument } from '../open/open-target.ts';
import { requireFence } from '../state/read-state.ts';
import { insertRaw } from '../write/insert-raw.ts';
import { rawBatches } from '../write/raw-batches.ts';
import { oneAhead } from './one-ahead.ts';

interface WholeRequest extends WholeOptions {
  readonly chunks: AsyncIterable<Chunk>;
  readonly createdByUs: boolean;
}

/** Below, making and renaming a collection costs more than it saves. */
const fromRows = 500;
/** What is begun again from the start when a connection goes. */
const mostBytes = 4 * 1024 ** 3;
const goodbyeMs = 5_000;

/**
 * Fills a collection that only this owner knows, without transactions, and renames it over the target that we made and that is empty. What shuts
 * out an owner that was overtaken is the name, which has his fence: whoever comes after him drops what has it before anything is written
 * to the target. A transaction for each batch, in which the fence is looked at, costs the server a third more.
 */
export async function appendWhole(
  destination: Destination,
  model: TargetModel,
  request: WholeRequest,
): Promise<WholeAppend> {
  const reason = hindrance(destination, model, request);
  if (reason !== null) return { kind: 'declined', reason };
  try {
    return await bringIn(destination, model, request);
  } catch (thrown) {
    if (!(thrown instanceof LockstepError) || !isForTransactions(thrown)) throw thrown;
    // Who was overtaken does not go on in another way.
    await requireFence(destination, request);
    return { kind: 'declined', reason: thrown.message };
  }
}

/** Rights for the target alone are enough for them; what somebody has changed about the target, or taken away beside it, is nothing to them. */
const isForTransactions = ({ code }: LockstepError): boolean =>
  code === 'permission-denied' || code === 'swap-refused' || code === 'collection-gone';

async function bringIn(
  destination: Destination,
  model: TargetModel,
  request: WholeRequest,
): Promise<WholeAppend> {
  const { signal, lease } = request;
  const kept = { kind: 'copy', generation: 0, place: 0 } as const;
  const name = keptName({ ...kept, pipeline: lease.pipeline, fence: lease.fence });
  try {
    const own = { ...kept, lease, signal };
    const made = await makeKept(destination, { ...own, target: model.collection, validates: true });
    // Before anything is read for nothing: a target that was emptied has its indexes still.
    await requireAlike(destination, { name, target: model.collection, signal });
    reach('whole.made');
    const inserted = await fill(destination, { ...model, collection: name }, request);
    reach('whole.filled');
    if (!(await takeItsPlace(destination, { target: model.collection, made }, request)))
      return { kind: 'declined', reason: 'somebody else has written to it meanwhile' };
    reach('whole.renamed');
    return { kind: 'appended', counts: { inserted, updated: 0, unchanged: 0, clashes: 0 } };
  } finally {
    await forget(destination, name);
  }
}

function hindrance(
  { deployment }: Destination,
  model: TargetModel,
  { createdByUs, expected }: WholeRequest,
): string | null {
  if (!deployment.config.copyBeside) return 'copyBeside is false';
  if (!createdByUs) return 'others made it, and may watch it';
  if (model.form.fields !== null || model.scope !== null || model.owned !== null)
    return 'not all of it is ours';
  if (expected.rows < fromRows) return `fewer than ${fromRows} documents`;
  if (expected.bytes > mostBytes) return `more than ${mostBytes} bytes`;
  return deployment.config.throttle === undefined ? null : 'the destination is to be spared';
}

async function fill(
  { deployment }: Destination,
  model: TargetModel,
  { chunks, signal }: WholeRequest,
): Promise<number> {
  const { collection } = model;
  await using session = deployment.client.startSession({ causalConsistency: false });
  let inserted = 0;
  for await (const batch of rawBatches(oneAhead(chunks), model.form))
    inserted += await deployment.run({ signal, collection }, () =>
      insertRaw({ deployment, model, session, signal }, batch),
    );
  return inserted;
}

/** False: the target is not as it was, and stays. */
async function takeItsPlace(
  destination: Destination,
  { target, made }: { readonly target: string; readonly made: KeptCollection },
  options: WholeRequest,
): Promise<boolean> {
  const { deployment } = destination;
  const { signal } = options;
  await requireAlike(destination, { name: made.name, target, signal });
  await requireFence(destination, options);
  await requireStill(destination, made, signal);
  if (!(await hasNoDocument(destination, { collection: target, level: 'local', signal }))) return false;
  await deployment.run({ signal, collection: target }, (db) =>
    db.renameCollection(made.name, target, { dropTarget: true, writeConcern: { w: 'majority' } }),
  );
  return true;
}

/** What can't be dropped now goes when somebody attaches next. */
async function forget(destination: Destination, name: string): Promise<void> {
  await dropKept(destination, { name, signal: AbortSignal.timeout(goodbyeMs) }).catch(() => undefined);
}
