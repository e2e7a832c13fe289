import type { Json, JsonDocument, MongodbDatabase } from '../../../index.ts';

/** Number 7 has the id 00000000-0000-4000-8000-000000000007. */
export const idOfNumber = (number: number): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** A text that stands in fields which must never be seen anywhere else. */
export const secret = 'a secret of bitsacco';

/** The indexes that the application's Mongoose model makes, with the collection if there is none. */
export const setUpBitsacco = (bitsacco: MongodbDatabase): Promise<JsonDocument> =>
  bitsacco.command({
    createIndexes: 'usersdocuments',
    indexes: ['phone.number', 'nostr.npub'].map((path) => ({
      key: { [path]: 1 },
      name: `${path}_1`,
      unique: true,
      sparse: true,
    })),
  });

/** As the application stores a user: its Mongoose model, with what it hides. */
export function bitsaccoUser(number: number, more: JsonDocument = {}): JsonDocument {
  const at = { $date: new Date(Date.UTC(2025, 0, 1) + number * 60_000).toISOString() };
  return {
    _id: idOfNumber(number),
    pinHash: `${secret} ${number}`,
    otp: secret,
    otpHash: secret,
    phone: {
      number: `${number % 2 === 0 ? '+' : ''}${254_700_000_000 + number}`,
      verified: number % 3 === 0,
    },
    profile: { name: `User ${number}`, avatar_url: `https://cdn.example.com/${number}.png` },
    roles: [0],
    createdAt: at,
    updatedAt: at,
    __v: 0,
    ...more,
  };
}

const npubOf = (number: number): string => `npub1${String(number).padStart(58, 'q')}`;

/** Users of shapes that were seen, and some that were not yet; by number from 1 on. */
export const oddUsers: readonly JsonDocument[] = (
  [
    { roles: [1] },
    { roles: ['3'] },
    { roles: ['Admin'] },
    { roles: ['SUPER_ADMIN', 'member'] },
    { roles: { $numberDouble: '1.0' } },
    { roles: 'nobody knows' },
    { roles: null },
    {
      phone: null,
      nostr: { npub: npubOf(8), verified: true },
      profile: { avatarUrl: 'https://cdn.example.com/8.png' },
    },
    { phone: { verified: true }, nostr: { npub: npubOf(9) }, profile: null },
    { phone: { number: { $numberLong: '254711000010' }, verified: true } },
    { phone: null, profile: { name: '   ' } },
    { phone: { number: '', verified: false }, profile: 'not an object', roles: [[1], {}, 7] },
    { phone: null, createdAt: 'yesterday', updatedAt: null },
  ] satisfies readonly JsonDocument[]
).map((more, index) => bitsaccoUser(index + 1, more));

const perCommand = 5_000;

export async function insertUsers(
  bitsacco: MongodbDatabase,
  documents: Iterable<JsonDocument>,
  collection = 'usersdocuments',
): Promise<void> {
  let some: JsonDocument[] = [];
  const send = async (): Promise<void> => {
    if (some.length > 0) await bitsacco.command({ insert: collection, documents: some });
    some = [];
  };
  for (const document of documents) {
    some.push(document);
    if (some.length === perCommand) await send();
  }
  await send();
}

export function* usersFrom(first: number, last: number): Iterable<JsonDocument> {
  for (let number = first; number <= last; number += 1) yield bitsaccoUser(number);
}

export const updateUser = (bitsacco: MongodbDatabase, number: number, set: Json): Promise<JsonDocument> =>
  bitsacco.command({
    update: 'usersdocuments',
    updates: [{ q: { _id: idOfNumber(number) }, u: { $set: set } }],
  });

export const deleteUsers = (bitsacco: MongodbDatabase, numbers: readonly number[]): Promise<JsonDocument> =>
  bitsacco.command({
    delete: 'usersdocuments',
    deletes: [{ q: { _id: { $in: numbers.map(idOfNumber) } }, limit: 0 }],
  });
