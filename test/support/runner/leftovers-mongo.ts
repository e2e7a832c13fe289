import { MongoClient } from 'mongodb';

export async function databasesOf(url: string): Promise<readonly string[]> {
  await using client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 });
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  return databases.map(({ name }) => name);
}

/** What the tests of a run left on the server that they share: each test gives back what it took. */
export async function leftOnMongo(url: string, before: ReadonlySet<string>): Promise<string[]> {
  const databases = await databasesOf(url);
  return databases.filter((name) => !before.has(name)).map((name) => `MongoDB: database ${name}`);
}
