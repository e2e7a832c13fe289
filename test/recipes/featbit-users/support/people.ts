import { BSON, type Collection, type Document } from 'mongodb';
import { bitsaccoUser, idOfNumber } from '../../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { featbitIds } from '../../../../src/recipes/featbit-users/demo/featbit.ts';
import { uuidOfName } from '../../../../src/recipes/featbit-users/demo/uuid-of-name.ts';
import type { Town } from './town.ts';

export const featbitId = (name: keyof typeof featbitIds): BSON.UUID => new BSON.UUID(featbitIds[name]);

/** An id that nobody of ours would have. */
export const otherId = (name: string): BSON.UUID => new BSON.UUID(uuidOfName(name));

export const documentOf = (json: Document): Document => BSON.EJSON.parse(JSON.stringify(json));

export const users = (from: number, to: number, more: Document = {}): readonly Document[] =>
  Array.from({ length: to - from + 1 }, (_, index) => documentOf(bitsaccoUser(from + index, more)));

interface StoredUser extends Document {
  readonly _id: string;
}

const collectionOf = ({ bitsacco }: Town): Collection<StoredUser> => bitsacco.db.collection('usersdocuments');

export async function insert(town: Town, documents: readonly Document[]): Promise<void> {
  await town.bitsacco.db.collection('usersdocuments').insertMany([...documents]);
}

export async function change(town: Town, number: number, set: Document): Promise<void> {
  await collectionOf(town).updateOne({ _id: idOfNumber(number) }, { $set: set });
}

export async function remove(town: Town, ...numbers: readonly number[]): Promise<void> {
  await collectionOf(town).deleteMany({ _id: { $in: numbers.map(idOfNumber) } });
}

/** Ours of a collection of FeatBit's that are not marked as deleted, by the last digits of their ids. */
export async function numbersIn(town: Town, collection: string): Promise<readonly number[]> {
  const found = await town.find(collection, { lockstep: true, deleted: { $ne: true } });
  return found.map(({ _id: id }) => Number(String(id).slice(-12)));
}

export const upTo = (last: number): readonly number[] =>
  Array.from({ length: last }, (_, index) => index + 1);
