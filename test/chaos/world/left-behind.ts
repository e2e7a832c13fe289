import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { ask } from './ask.ts';
import type { World } from './world.ts';

const schemas = `
  SELECT nspname AS name FROM pg_namespace
  WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' ORDER BY 1`;

const relations = `
  SELECT relname AS name FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r' ORDER BY 1`;

const sessions = `
  SELECT application_name AS name FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'lockstep%'`;

const locks = `SELECT locktype AS name FROM pg_locks WHERE locktype = 'advisory' AND database =
  (SELECT oid FROM pg_database WHERE datname = current_database())`;

const names = async (url: string, query: string): Promise<readonly string[]> =>
  (await ask<{ name: string }>(url, query)).map(({ name }) => name);

/** After `remove`: of us there is nothing on either server, and only an empty control store on the disk. */
export async function expectNothingLeft({ places, directory }: World): Promise<void> {
  expect(await names(places.source, schemas)).toEqual(['public', 'shop']);
  expect(await names(places.target, schemas)).toEqual(['public', 'shop', 'witness']);
  expect(await names(places.target, relations)).toEqual(await names(places.source, relations));
  for (const url of [places.source, places.target]) {
    expect(await lastSessions(url)).toEqual([]);
    expect(await names(url, locks)).toEqual([]);
  }
  expect(await readdir(directory)).toEqual([basename(places.store)]);
  expect(remembered(places.store)).toEqual([]);
}

/** A server notices only after a moment that a client is gone. */
async function lastSessions(url: string): Promise<readonly string[]> {
  const giveUpAt = performance.now() + 5_000;
  for (;;) {
    const left = await names(url, sessions);
    if (left.length === 0 || performance.now() > giveUpAt) return left;
    await delay(20);
  }
}

/** Tables of the control store that still have rows of a pipeline; leases stay, so that fences go on growing. */
function remembered(path: string): readonly string[] {
  using store = new DatabaseSync(path, { readOnly: true });
  const tables = ['checkpoints', 'dead_letters', 'guards', 'guard_keys', 'runs'];
  return tables.filter((table) => store.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined);
}
