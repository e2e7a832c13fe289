import type { Document } from 'mongodb';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { WindowWrite } from '../../../../protocol/writer.ts';
import { markId, pipelineId, shardId } from '../state/state-documents.ts';

export interface StateWrite extends Pick<WindowWrite, 'position' | 'marks'> {
  /** Null: it is there already. */
  readonly newestLetter: number | null;
}

/**
 * What a window leaves in our state, each statement for one document. The fence is not looked at: the slot that is written with them
 * has it, and a newer owner's transaction over any of them conflicts.
 */
export function stateStatements(
  pipeline: PipelineName,
  { position, marks, newestLetter }: StateWrite,
): readonly Document[] {
  const statements: Document[] = [];
  const set = (_id: Document, values: Document): void => {
    statements.push({ q: { _id }, u: { $set: values }, upsert: true });
  };
  if (position !== null) set(shardId(pipeline, position.shard, position.lane), { position: position.at });
  for (const [plan, until] of marks) set(markId(pipeline, plan), { position: until });
  if (newestLetter !== null)
    statements.push({ q: { _id: pipelineId(pipeline) }, u: { $set: { newestLetter } } });
  return statements;
}
