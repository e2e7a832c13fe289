import { type Db, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { StoreAddress } from './address.ts';
import { urlInvalid } from './errors.ts';

/** Whatever the URL says: what is acknowledged is on the disks of a majority, and what is read stays. */
export const durable = { w: 'majority', journal: true } as const;
const concerns = {
  readPreference: 'primary',
  readConcern: new ReadConcern('majority'),
  writeConcern: durable,
} as const;

export interface ClientSettings {
  readonly connections: number;
  /** How long a member that takes writes is looked for. */
  readonly selectionTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** A server that says nothing for so long counts as gone. */
  readonly silentMs: number;
}

/** Connects when it is first asked for something. */
export function makeClient(address: StoreAddress, settings: ClientSettings): MongoClient {
  const options: MongoClientOptions = {
    appName: 'lockstep store',
    ...concerns,
    retryWrites: true,
    retryReads: true,
    minPoolSize: 0,
    maxPoolSize: settings.connections,
    waitQueueTimeoutMS: settings.silentMs,
    connectTimeoutMS: settings.connectTimeoutMs,
    serverSelectionTimeoutMS: settings.selectionTimeoutMs,
    socketTimeoutMS: settings.silentMs,
    // A member that died without a word is found out well before a lease runs out.
    heartbeatFrequencyMS: 1_000,
  };
  try {
    return new MongoClient(address.url, options);
  } catch (thrown) {
    throw urlInvalid(toError(thrown), address);
  }
}

/** With the same concerns: what is asked of a database follows them, whatever its client was told. */
export const databaseOf = (client: MongoClient, { database }: StoreAddress): Db =>
  client.db(database, concerns);
