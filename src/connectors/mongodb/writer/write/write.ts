import type { ClientSession } from 'mongodb';
import type { Deployment } from '../../session/deployment.ts';
import type { TargetModel } from '../model.ts';
import { writeRaw } from './raw-command.ts';

/** A target, and the transaction in which it is written. */
export interface BringIn {
  readonly deployment: Deployment;
  readonly model: TargetModel;
  readonly session: ClientSession;
  readonly signal: AbortSignal;
}

const fields = { insert: 'documents', update: 'updates', delete: 'deletes' } as const;

/** Sends statements of one kind, in one command; returns how many documents they found, made or deleted. */
export async function write(
  { deployment, model, session }: BringIn,
  verb: keyof typeof fields,
  documents: readonly Uint8Array[],
): Promise<number> {
  if (documents.length === 0) return 0;
  const command = { [verb]: model.collection, ordered: true };
  return await writeRaw(deployment, { command, field: fields[verb], documents, session });
}
