import { type Document, MongoClient } from 'mongodb';

/** The number of "Slow query", as which every command is logged while the limit is below zero. */
const slowQuery = 51803;
const usualMs = 100;

/** What our clients sent to a server meanwhile, commits included, as its log has it. The server is the test's own: its limit is for all. */
export async function commandsDuring(
  serverUrl: string,
  work: () => Promise<unknown>,
): Promise<readonly Document[]> {
  await using client = new MongoClient(serverUrl);
  const admin = client.db('admin');
  const mark = 'here the test begins';
  await admin.command({ profile: 0, slowms: -1 });
  await admin.command({ ping: 1, comment: mark });
  await work();
  await admin.command({ profile: 0, slowms: usualMs });
  const { log } = await admin.command({ getLog: 'global' });
  const entries: readonly Document[] = log.map((line: string) => JSON.parse(line));
  const begin = entries.findLastIndex(({ attr }) => attr?.command?.comment === mark);
  if (begin < 0) throw new Error('the server keeps too few lines of its log for so much work');
  return entries
    .slice(begin)
    .filter(({ id, attr }) => id === slowQuery && attr.appName === 'lockstep')
    .map(({ attr }) => attr.command);
}

export const nameOf = (command: Document): string => Object.keys(command)[0] ?? '';
