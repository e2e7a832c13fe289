import { BSON } from 'mongodb';
import { everyType } from '../../test/mongodb/documents.ts';

/** The document of a number, as bytes; the same number is the same document. */
export type DocumentOf = (number: number) => Uint8Array;

const words = 'amber birch cedar delta ember fjord grove heron inlet juniper kelp larch maple north'.split(
  ' ',
);

/** What an application keeps of a customer: about 1 KB, no two alike, and nothing that compresses to nothing. */
export const customer: DocumentOf = (number) => BSON.serialize(customerOf(number));

export function customerOf(number: number): BSON.Document {
  const random = randomOf(number);
  const word = (): string => words[random(words.length)] ?? '';
  const text = (count: number): string => Array.from({ length: count }, word).join(' ');
  return {
    _id: idOf(number),
    number: new BSON.Int32(number),
    email: `${word()}.${word()}.${number}@example.com`,
    name: { first: word(), last: word() },
    active: random(10) > 0,
    balance: new BSON.Double(random(1e7) / 100),
    credit: BSON.Decimal128.fromString(`${random(1e6)}.${random(90) + 10}`),
    visits: BSON.Long.fromNumber(random(2 ** 31)),
    createdAt: new Date(1.6e12 + random(1e9)),
    address: {
      street: `${text(2)} ${random(200)}`,
      city: word(),
      place: {
        type: 'Point',
        coordinates: [new BSON.Double(random(36000) / 100), new BSON.Double(random(9000) / 100)],
      },
    },
    tags: [word(), word(), word()],
    orders: Array.from({ length: 4 }, () => ({
      sku: `${word()}-${random(1e6)}`,
      quantity: new BSON.Int32(random(20)),
      price: new BSON.Double(random(1e5) / 100),
    })),
    note: text(62),
  };
}

/** One value of every type of BSON, under ids of four types. */
export const everything: DocumentOf = (number) =>
  BSON.serialize({ _id: ids[number % ids.length]?.(number), number: new BSON.Int32(number), ...everyType });

const ids: readonly ((number: number) => unknown)[] = [
  (number) => idOf(number),
  (number) => new BSON.Int32(number),
  (number) => `key ${number}`,
  (number) => new BSON.Binary(Buffer.from(number.toString(16).padStart(32, '0'), 'hex'), 4),
];

export const idOf = (number: number): BSON.ObjectId =>
  new BSON.ObjectId(number.toString(16).padStart(24, '0'));

/** Xorshift: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
