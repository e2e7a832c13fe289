import type { Document } from 'mongodb';
import { toError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import type { Selection } from '../../../protocol/selection.ts';
import { rowMaker } from '../fields/selected.ts';
import { documentColumn } from '../names.ts';
import type { Deployment } from '../session/deployment.ts';
import { filterFault, filterOf } from './read.ts';

interface TypesRequest {
  readonly collection: CollectionName;
  readonly selection: Selection;
  readonly signal: AbortSignal;
}

/** Lets the server plan a query with filter and projection, which reads nothing, so that a mistake shows before anything is touched. */
export async function typesOf(
  deployment: Deployment,
  { collection, selection, signal }: TypesRequest,
): Promise<ReadonlyMap<string, string>> {
  const { projection } = rowMaker(selection, collection);
  await tryQuery(deployment, { collection, selection, signal }, projection);
  return new Map(
    selection.columns.map(({ name }) => [name, name === documentColumn ? 'bson document' : 'bson value']),
  );
}

async function tryQuery(
  deployment: Deployment,
  { collection, selection, signal }: TypesRequest,
  projection: Document | null,
): Promise<void> {
  const filter = filterOf(selection, collection);
  if (filter === null && projection === null) return;
  const find = { find: collection, filter: filter ?? {}, ...(projection && { projection }) };
  const explain = { explain: find, verbosity: 'queryPlanner' };
  try {
    await deployment.db.command(explain, { signal });
  } catch (thrown) {
    const error = deployment.explain(thrown, { signal, collection });
    if (error.code !== 'internal') throw error;
    throw filterFault(collection)(toError(thrown).message);
  }
}
