import { BSON, type Document } from 'mongodb';
import { type LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';

/** Says what is wrong, in the words of whoever asked. */
export type Fault = (detail: string) => LockstepError;

/** A query or expression of the configuration, written as extended JSON (relaxed or canonical). */
export function parseExpression(text: string, fault: Fault): unknown {
  try {
    return BSON.EJSON.parse(text, { relaxed: false });
  } catch (thrown) {
    throw fault(toError(thrown).message);
  }
}

export function parseQuery(text: string, fault: Fault): Document {
  const query = parseExpression(text, fault);
  if (isDocument(query)) return query;
  throw fault('it is no document');
}

/** An update document with operators, or a pipeline: what changes a document in its place. */
export type Update = Document | readonly Document[];

export function parseUpdate(text: string, fault: Fault): Update {
  const update = parseExpression(text, fault);
  if (isPipeline(update)) return update;
  if (isDocument(update) && hasOperatorsOnly(update)) return update;
  throw fault('it is neither an update with operators, such as `$set`, nor a pipeline');
}

const isPipeline = (value: unknown): value is readonly Document[] =>
  Array.isArray(value) && value.length > 0 && value.every(isDocument);

const hasOperatorsOnly = (update: Document): boolean => {
  const names = Object.keys(update);
  return names.length > 0 && names.every((name) => name.startsWith('$'));
};

const isDocument = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('_bsontype' in value);

/** All of them, without a needless wrapper. */
export function allOf(conditions: readonly (Document | null)[]): Document {
  const some = conditions.filter((condition) => condition !== null);
  const [only] = some;
  if (only === undefined) return {};
  return some.length === 1 ? only : { $and: some };
}
