import { setTimeout as pause } from 'node:timers/promises';
import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import { median } from '../../demo/median.ts';
import type { Client } from '../../demo/servers.ts';
import { judgeDocuments } from './judge-documents.ts';
import { startLockstep } from './lockstep.ts';
import type { Stage } from './stage.ts';
import type { View } from './view.ts';

const mostWaitMs = 60_000;
const probes = 12;

/** The customers go into MongoDB, and are followed there. Null: no server of it can be had here. */
export async function followIntoDocuments(
  stage: Stage,
  view: View,
): Promise<{ readonly count: number; readonly equal: boolean } | null> {
  const { source, documents } = stage;
  view.step('lockstep start · from PostgreSQL into MongoDB: each customer becomes a document');
  if ('missing' in documents) {
    view.say(`left out: ${documents.missing}`);
    return null;
  }
  const { database } = documents;
  const engine = startLockstep(['start', 'shop-documents', '--no-http'], stage);
  try {
    await watchChanges({ source, database }, view);
    engine.signal('SIGTERM');
    await engine.ended;
  } finally {
    engine.signal('SIGKILL');
  }
  const verdict = await judgeDocuments(source, database);
  view.say(
    `${verdict.equal ? '✓' : '✗'} customers    ${verdict.count.toLocaleString('en')} documents, sha256 of the ordered export ${verdict.equal ? 'equal' : 'DIFFERENT'}`,
  );
  return verdict;
}

interface Sides {
  readonly source: Client;
  readonly database: MongodbDatabase;
}

async function watchChanges({ source, database }: Sides, view: View): Promise<void> {
  // Visible once the copy is done and the stream has caught up.
  await visible(source, database, 0);
  const measured: number[] = [];
  for (let turn = 1; turn <= probes; turn += 1) measured.push(await visible(source, database, turn));
  await source.query(`DELETE FROM shop.customers WHERE email = 'guest@example.com'`);
  await until(database, { email: 'guest@example.com' }, (found) => found === null);
  const [shown] = await documentsOf(database, { email: 'lead@example.com' });
  view.say(JSON.stringify(shown));
  view.say(`${probes} changes, commit → visible ${median(measured).toFixed(1)} ms`);
}

/** Commits a change of the first customer, and another of a guest, and looks until both are in MongoDB. */
async function visible(source: Client, database: MongodbDatabase, turn: number): Promise<number> {
  await source.query(
    turn === 0
      ? `UPDATE shop.customers SET email = 'lead@example.com', name = 'turn 0' WHERE id = 1;
         INSERT INTO shop.customers (email, name) VALUES ('guest@example.com', 'Guest')`
      : `UPDATE shop.customers SET name = 'turn ${turn}', credit = credit + 1 WHERE id = 1`,
  );
  const committedAt = performance.now();
  await until(database, { email: 'lead@example.com' }, (found) => found?.['name'] === `turn ${turn}`);
  return performance.now() - committedAt;
}

async function until(
  database: MongodbDatabase,
  filter: JsonDocument,
  isSo: (found: JsonDocument | null) => boolean,
): Promise<void> {
  const endsAt = performance.now() + mostWaitMs;
  for (;;) {
    const [found = null] = await documentsOf(database, filter);
    if (isSo(found)) return;
    if (performance.now() > endsAt) throw new Error(`MongoDB did not show ${JSON.stringify(filter)} in time`);
    await pause(1);
  }
}

const documentsOf = (database: MongodbDatabase, filter: JsonDocument): Promise<JsonDocument[]> =>
  Array.fromAsync(database.documents({ find: 'customers', filter, limit: 1 }));
