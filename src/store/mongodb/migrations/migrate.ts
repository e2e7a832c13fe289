import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { storeUnusable } from '../../store-errors.ts';
import type { MongodbDatabase, Patient, Within } from '../database.ts';
import { mustBeFit } from '../deployment.ts';
import { prefix, type StoreDocument } from '../names.ts';
import { first } from './001-first.ts';

/**
 * `lockstep_version` is how many of these the store has had. Append only: a released one is never changed. There is no transaction around
 * indexes, so each may be repeated, and may run beside itself; the version is written when it is done.
 */
const migrations: readonly ((db: Db) => Promise<void>)[] = [first];

/**
 * Brings the store to this version, or refuses it untouched. Of several processes that open a new one at once the first to write down its
 * id has made it.
 */
export async function migrate(database: MongodbDatabase, patient: Patient): Promise<StoreDocument> {
  return await database.run(async (within) => {
    await mustBeFit((command) => database.db.command(command, within), database.label);
    const found = await survey(database, within);
    if (found?.lockstep_version === migrations.length) return found;
    for (const migration of migrations.slice(found?.lockstep_version ?? 0)) await migration(database.db);
    const made = await database.collections.store.findOneAndUpdate(
      { _id: 'store' },
      {
        $setOnInsert: { store_id: randomUUID().replaceAll('-', ''), requests: 0 },
        $max: { lockstep_version: migrations.length },
      },
      { session: within.session, upsert: true, returnDocument: 'after' },
    );
    if (made === null) throw new LockstepError('internal', { detail: 'the store’s document was not made' });
    return made;
  }, patient);
}

/** Null: there is no store yet. */
async function survey(database: MongodbDatabase, { session }: Within): Promise<StoreDocument | null> {
  const { store } = database.collections;
  const found: Partial<StoreDocument> | null = await store.findOne({}, { session });
  if (found === null) return null;
  const { label } = database;
  const { _id, store_id, requests, lockstep_version: version } = found;
  if (_id !== 'store' || store_id === undefined || requests === undefined || version === undefined)
    throw storeUnusable(label, `its collections (${prefix}…) are another application’s`);
  if (version > migrations.length)
    throw storeUnusable(
      label,
      `a newer Lockstep made it (version ${version}; this one knows ${migrations.length})`,
    );
  return { _id, store_id, requests, lockstep_version: version };
}
