import { setTimeout as delay } from 'node:timers/promises';
import { BSON, type Document } from 'mongodb';
import { openMongodb } from '../../../../src/index.ts';
import { idOfNumber, setUpBitsacco } from '../../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { type FeatBitVersion, setUpFeatBit } from '../../../../src/recipes/featbit-users/demo/featbit.ts';
import { type Child, type ChildResult, runChild, startChild } from '../../../support/child.ts';
import { createMongoDatabase, type MongoTestDatabase } from '../../../support/mongo.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { type Ended, type LogLine, loggedBy, runCommand } from '../../support/command.ts';
import { eventually } from '../../support/eventually.ts';

export interface TownOptions {
  readonly version?: FeatBitVersion;
  readonly env?: Readonly<Record<string, string>>;
  /** The servers that the databases are on; else the one that all share. */
  readonly bitsaccoServer?: string;
  readonly featbitServer?: string;
}

/** A Bitsacco and a FeatBit with their real collections, and commands of the recipe between them, each in a process of its own. */
export interface Town extends AsyncDisposable {
  readonly bitsacco: MongoTestDatabase;
  readonly featbit: MongoTestDatabase;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command to its end; `answer` is its last line. */
  command(name: string, env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The same without --json. */
  commandForPeople(name: string): Promise<ChildResult>;
  /** Starts the service and waits until it says so. */
  start(env?: Readonly<Record<string, string>>): Promise<Service>;
  /** The same without waiting for anything. */
  begin(env?: Readonly<Record<string, string>>): Service;
  /** FeatBit's documents in one of its collections, ours by number. */
  find(collection: string, filter?: Document): Promise<readonly Document[]>;
  ofUser(collection: string, number: number): Promise<Document | null>;
}

export interface Service extends AsyncDisposable {
  readonly child: Child;
  /** Lines of its log with this text. */
  logged(text: string): readonly LogLine[];
  /** Waits for one. */
  says(text: string): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<ChildResult>;
}

/** As somebody types it: with the flags that keep its memory small. */
const cli = new URL('../../../../bin/lockstep.mjs', import.meta.url).pathname;

export async function openTown({
  version = 'from 5.4.0',
  env: more = {},
  bitsaccoServer,
  featbitServer,
}: TownOptions = {}): Promise<Town> {
  await using opened = new AsyncDisposableStack();
  const on = async (server: string | undefined): Promise<MongoTestDatabase> =>
    opened.use(await createMongoDatabase(server === undefined ? {} : { serverUrl: server }));
  const [bitsacco, featbit] = [await on(bitsaccoServer), await on(featbitServer)];
  const { path: directory } = opened.use(await temporaryDirectory());
  {
    await using here = openMongodb({ url: bitsacco.url });
    await using there = openMongodb({ url: featbit.url });
    await setUpBitsacco(here);
    await setUpFeatBit(there, version);
  }
  const env = {
    BITSACCO_DATABASE_URL: bitsacco.serverUrl,
    BITSACCO_DATABASE: bitsacco.name,
    FEATBIT_DATABASE_URL: featbit.serverUrl,
    FEATBIT_DATABASE: featbit.name,
    ...more,
  };
  const begin: Town['begin'] = (others = {}) =>
    serve(startChild({ file: cli, args: ['featbit:sync'], env: { ...env, ...others }, cwd: directory }));
  const kept = opened.move();
  return {
    bitsacco,
    featbit,
    directory,
    env,
    command: (name, others = {}) =>
      runCommand({ file: cli, args: name.split(' '), env: { ...env, ...others }, cwd: directory }),
    commandForPeople: (name) => runChild({ file: cli, args: name.split(' '), env, cwd: directory }),
    begin,
    start: async (others) => {
      const service = begin(others);
      await service.says('FeatBit user sync service started successfully');
      return service;
    },
    find: (collection, filter = {}) =>
      featbit.db.collection(collection).find(filter).sort({ _id: 1 }).toArray(),
    ofUser: (collection, number) =>
      featbit.db.collection(collection).findOne({ $expr: { $eq: ['$_id', uuidOf(number)] } }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const uuidOf = (number: number): BSON.UUID => new BSON.UUID(idOfNumber(number));

function serve(child: Child): Service {
  const logged: Service['logged'] = (text) => loggedBy(child, text);
  return {
    child,
    logged,
    says: (text) =>
      eventually(
        `the service says ${text}`,
        () => logged(text).length > 0,
        () => `${child.stdout}\n${child.stderr}`,
      ),
    stop: (signal = 'SIGTERM') => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      // A transaction of a process that was killed holds its database up for a minute, and the dropping of it.
      await Promise.race([child.kill('SIGTERM'), delay(drainMs)]);
      await child[Symbol.asyncDispose]();
    },
  };
}

const drainMs = 10_000;
