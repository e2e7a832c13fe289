import type { Collection, UUID } from 'mongodb';
import type { PipelineName, Position, Shard } from '../../../../protocol/names.ts';
import type { Deployment } from '../../session/deployment.ts';

export interface PipelineState {
  readonly _id: { readonly pipeline: PipelineName; readonly kind: 'pipeline' };
  readonly fence: number;
  /** Random: tells a destination that was restored or emptied. */
  readonly stateId: string;
  /** Of the control store's dead letters; absent: 0. */
  readonly newestLetter?: number;
}

/**
 * A place from which one transaction at a time is written. Each transaction writes its slot, with the fence it was begun under: so whoever
 * raises the fence in all slots conflicts with those that are open and shuts out those that come later. A read would not do:
 * transactions that only read a document do not conflict with one that writes it.
 */
export interface SlotState {
  readonly _id: { readonly pipeline: PipelineName; readonly kind: 'slot'; readonly number: number };
  readonly fence: number;
  /** The server's name of the session that writes from here, so that a new owner can end what is open in it. */
  readonly session: UUID;
  /** Random, of the last transaction that was committed from here: tells what became of one whose answer was lost. */
  readonly transaction: UUID | null;
}

/** Where a shard stands, by lane. */
export interface ShardState {
  readonly _id: {
    readonly pipeline: PipelineName;
    readonly kind: 'shard';
    readonly shard: Shard;
    readonly lane: number;
  };
  readonly position: Position;
}

/** Until where every change of a collection must be read again; null: no more. */
export interface MarkState {
  readonly _id: { readonly pipeline: PipelineName; readonly kind: 'mark'; readonly plan: string };
  readonly position: Position | null;
}

/** What was decided about a target when the pipeline first saw it. */
export interface TargetState {
  readonly _id: { readonly pipeline: PipelineName; readonly kind: 'target'; readonly target: string };
  readonly createdByUs: boolean;
  /** Only what we write in it is ours. */
  readonly isShared?: boolean;
}

type AnyState = PipelineState | SlotState | ShardState | MarkState | TargetState;

/**
 * The collection `lockstep_state`, by the kinds of its documents: one of the pipeline, one per slot, one per shard and lane, one per
 * collection that must be read again, one per target.
 */
export interface State {
  readonly pipelines: Collection<PipelineState>;
  readonly slots: Collection<SlotState>;
  readonly shards: Collection<ShardState>;
  readonly marks: Collection<MarkState>;
  readonly targets: Collection<TargetState>;
  /** All kinds. */
  readonly all: Collection<Pick<AnyState, '_id'>>;
}

export function stateOf({ db, config }: Deployment): State {
  const name = config.stateCollection;
  return {
    pipelines: db.collection(name),
    slots: db.collection(name),
    shards: db.collection(name),
    marks: db.collection(name),
    targets: db.collection(name),
    all: db.collection(name),
  };
}

export const pipelineId = (pipeline: PipelineName): PipelineState['_id'] => ({ pipeline, kind: 'pipeline' });
export const slotId = (pipeline: PipelineName, number: number): SlotState['_id'] => ({
  pipeline,
  kind: 'slot',
  number,
});
export const shardId = (pipeline: PipelineName, shard: Shard, lane: number): ShardState['_id'] => ({
  pipeline,
  kind: 'shard',
  shard,
  lane,
});
export const markId = (pipeline: PipelineName, plan: string): MarkState['_id'] => ({
  pipeline,
  kind: 'mark',
  plan,
});
export const targetId = (pipeline: PipelineName, target: string): TargetState['_id'] => ({
  pipeline,
  kind: 'target',
  target,
});
