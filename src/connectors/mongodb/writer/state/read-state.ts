import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Fence, PipelineName } from '../../../../protocol/names.ts';
import type { DestinationState, PreparedStep, WriteOptions } from '../../../../protocol/writer.ts';
import { ownedCollection } from '../../names.ts';
import type { Destination } from '../destination.ts';
import { type PipelineState, pipelineId, type TargetState, targetId } from './state-documents.ts';

interface PipelineRequest {
  readonly pipeline: PipelineName;
  readonly signal: AbortSignal;
}

/** The highest fence that was ever seen of a pipeline; 0 when it was never heard of. */
export const seenFence = async (destination: Destination, request: PipelineRequest): Promise<Fence> =>
  (await readPipeline(destination, request))?.fence ?? 0;

/** Refuses an owner that was overtaken, where nothing is written that would tell. */
export async function requireFence(
  destination: Destination,
  { lease: { pipeline, fence }, signal }: WriteOptions,
): Promise<void> {
  if ((await seenFence(destination, { pipeline, signal })) > fence)
    throw new LockstepError('fence-lost', { pipeline });
}

/** A collection that does not exist is read as an empty one. */
function readPipeline(
  { deployment, state }: Destination,
  { pipeline, signal }: PipelineRequest,
): Promise<PipelineState | null> {
  return deployment.run({ signal }, async () => {
    return await state.pipelines.findOne(
      { _id: pipelineId(pipeline) },
      { signal, readConcern: { level: 'majority' } },
    );
  });
}

export type StreamState = Pick<DestinationState, 'positions' | 'marks' | 'newestLetter'>;

/** What windows left behind; all of it empty when there were none. */
export async function readStreamState(
  destination: Destination,
  { pipeline, signal }: PipelineRequest,
): Promise<StreamState> {
  const { deployment, state } = destination;
  const ofKind = <Kind extends string>(kind: Kind) => ({ '_id.pipeline': pipeline, '_id.kind': kind });
  const options = { signal, readConcern: { level: 'majority' } } as const;
  return await deployment.run({ signal }, async () => {
    const known = await readPipeline(destination, { pipeline, signal });
    const shards = await state.shards.find({ ...ofKind('shard'), '_id.lane': 0 }, options).toArray();
    const marks = await state.marks.find(ofKind('mark'), options).toArray();
    return {
      positions: new Map(shards.map(({ _id, position }) => [_id.shard, position])),
      marks: new Map(marks.flatMap(({ _id, position }) => (position === null ? [] : [[_id.plan, position]]))),
      newestLetter: known?.newestLetter ?? 0,
    };
  });
}

export function readDecision(
  { deployment, state, pipeline }: Destination,
  { target, signal }: { readonly target: string; readonly signal: AbortSignal },
): Promise<TargetState | null> {
  return deployment.run({ signal }, async () => {
    return await state.targets.findOne({ _id: targetId(pipeline, target) }, { signal });
  });
}

/** What `attach` would make, and `open` where keys are kept. */
export function previewState(
  { deployment }: Destination,
  { keepsKeys, signal }: { readonly keepsKeys: boolean; readonly signal: AbortSignal },
): Promise<readonly PreparedStep[]> {
  const { stateCollection } = deployment.config;
  const wanted = [
    [stateCollection, 'our state collection'],
    ...(keepsKeys ? [[ownedCollection(deployment.config), 'our collection of keys']] : []),
  ];
  return deployment.run({ signal }, async (db) => {
    const found = await db.listCollections({}, { nameOnly: true, signal }).toArray();
    return wanted
      .filter(([collection]) => !found.some(({ name }) => name === collection))
      .map(([name, what]) => ({
        what: `Create ${what} ${name}`,
        statement: `db.createCollection(${JSON.stringify(name)})`,
      }));
  });
}
