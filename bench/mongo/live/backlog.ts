import { type AnyBulkWriteOperation, BSON, type Db } from 'mongodb';
import { customer, customerOf, idOf } from '../../data/documents.ts';
import { fill } from '../fill.ts';

export interface Backlog {
  /** Documents that are there before. */
  readonly there: number;
  readonly changes: number;
}

const collection = 'bench';
const operationsAtOnce = 1_000;
/** Of each hundred changes: the rest deletes. */
const shares = { insert: 40, update: 30, replace: 20 };

export const backlogOf = ({ quick }: { readonly quick: boolean }): Backlog =>
  quick ? { there: 5_000, changes: 15_000 } : { there: 100_000, changes: 300_000 };

export const fillBefore = (db: Db, { there }: Backlog): Promise<void> =>
  fill(db, { collection, documentOf: customer, count: there });

/** Every one of them changes something: nobody is deleted twice, or changed after that. */
export async function makeChanges(db: Db, { there, changes }: Backlog): Promise<void> {
  for (let from = 0; from < changes; from += operationsAtOnce) {
    const length = Math.min(operationsAtOnce, changes - from);
    const operations = Array.from({ length }, (_, index) => operationOf(from + index, there));
    await db.collection(collection).bulkWrite(operations, { ordered: false });
  }
}

function operationOf(number: number, there: number): AnyBulkWriteOperation {
  const kind = number % 100;
  // Deletes take from the end, a tenth of a change each; what is changed lies before.
  const changed = Math.imul(number, 7919) % Math.floor(there * 0.7);
  const filter = { _id: idOf(Math.abs(changed)) };
  if (kind < shares.insert) return { insertOne: { document: customerOf(there + number) } };
  if (kind < shares.insert + shares.update)
    return { updateOne: { filter, update: { $set: { visits: new BSON.Int32(number) } } } };
  if (kind < shares.insert + shares.update + shares.replace) {
    const { _id: _other, ...replacement } = customerOf(there + number);
    return { replaceOne: { filter, replacement } };
  }
  const deleted = there - 1 - (Math.floor(number / 100) * 10 + (kind - 90));
  return { deleteOne: { filter: { _id: idOf(deleted) } } };
}
