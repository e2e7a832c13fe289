import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { expect } from 'vitest';
import { askDesk } from './runner/ask-desk.ts';

/** A database of one test's own, on the server that all tests of the run share. */
export interface MongoTestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Names the database, as a configuration would. */
  readonly url: string;
  readonly serverUrl: string;
  readonly db: Db;
}

/** `await using db = await createMongoDatabase()`: dropped on dispose. */
export async function createMongoDatabase(
  options: { readonly serverUrl?: string } = {},
): Promise<MongoTestDatabase> {
  const serverUrl = options.serverUrl ?? (await sharedServer());
  const name = nameForTest();
  const client = new MongoClient(serverUrl);
  return {
    name,
    url: inDatabase(serverUrl, name),
    serverUrl,
    db: client.db(name),
    [Symbol.asyncDispose]: async () => {
      await client.db(name).dropDatabase();
      await client.close();
    },
  };
}

/** Several hosts with commas between are no URL for the platform's parser. */
const inDatabase = (url: string, database: string): string =>
  url.replace(/^([^/]*\/\/[^/?]*)(?:\/[^?]*)?/, `$1/${database}`);

async function sharedServer(): Promise<string> {
  const answer = await askDesk('/mongo/shared');
  if ('attempts' in answer) throw new Error(answer.attempts.join('\n  - '));
  return answer.url;
}

// Named after the test file: a database that is left behind tells whose it is. MongoDB takes 63 characters.
function nameForTest(): string {
  const file = basename(expect.getState().testPath ?? 'test').replace(/\.test\.ts$/, '');
  return `${file.replaceAll(/[^a-z0-9]+/gi, '_').slice(0, 40)}_${randomBytes(6).toString('hex')}`;
}
