import type { Document } from 'mongodb';
import { reach } from '../../../../protocol/failpoints.ts';
import type { PreparedStep } from '../../../../protocol/writer.ts';
import { collectionOf, describeCollection } from '../../catalog/describe-collection.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model.ts';
import { indexCreation, indexesOf, modificationOf, toStep } from './creation.ts';

export interface FinishRequest {
  readonly model: TargetModel;
  readonly signal: AbortSignal;
}

/**
 * Indexes and options of a collection of our making, once its documents are there; a repeat does what is missing. They can't be made in
 * a transaction, so no fence guards them: an older owner would make the same.
 */
export async function finishKeys(
  destination: Destination,
  { model, signal }: FinishRequest,
): Promise<readonly PreparedStep[]> {
  const { plan } = model;
  const steps: PreparedStep[] = [];
  reach('destination.keys.before');
  const missing = await missingIndexes(destination, { model, signal });
  for (const index of missing) {
    const command = indexCreation(plan, [index]);
    await run(destination, { model, signal, command });
    steps.push(toStep(`Build index ${index['name']} of ${plan.target}`, command));
  }
  reach('destination.keys.built');
  const modification = modificationOf(plan, await optionsOf(destination, { model, signal }));
  if (modification !== null) {
    await run(destination, { model, signal, command: modification });
    steps.push(toStep(`Set the options of ${plan.target}`, modification));
  }
  reach('destination.keys.after');
  return steps;
}

async function run(
  { deployment, notice }: Destination,
  { model, signal, command }: FinishRequest & { readonly command: Document },
): Promise<void> {
  const { collection } = model;
  const majority = { ...command, writeConcern: { w: 'majority' } };
  await deployment.run({ signal, collection }, (db) => db.command(majority, { signal }));
  notice({ kind: 'statement', message: toStep('', command).statement ?? '' });
}

async function missingIndexes(
  { deployment }: Destination,
  { model, signal }: FinishRequest,
): Promise<readonly Document[]> {
  const now = await describeCollection(deployment, model.collection, { signal });
  const there = new Set((now === null ? [] : (collectionOf(now)?.indexes ?? [])).map(({ name }) => name));
  return indexesOf(model.plan).filter(({ name }) => !there.has(name));
}

async function optionsOf({ deployment }: Destination, { model, signal }: FinishRequest): Promise<Document> {
  const now = await describeCollection(deployment, model.collection, { signal });
  return (now === null ? null : collectionOf(now)?.options) ?? {};
}
