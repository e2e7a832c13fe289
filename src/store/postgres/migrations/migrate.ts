import { randomUUID } from 'node:crypto';
import { storeUnusable } from '../../store-errors.ts';
import type { Patient, PostgresDatabase } from '../database.ts';
import type { Tables } from '../names.ts';
import { flag, integer } from '../row.ts';
import type { StoreSession } from '../session.ts';
import { first } from './001-first.ts';
import { connections } from './002-connections.ts';
import {
  insertStoreSql,
  lockSql,
  makeStoreSql,
  setVersionSql,
  surveySql,
  versionSql,
} from './version.sql.ts';

/** `lockstep_version` is how many of these the schema has had. Append only: a released one is never changed. */
const migrations: readonly ((tables: Tables) => string)[] = [first, connections];

interface Survey {
  readonly hasSchema: boolean;
  /** 0: there is no store yet. */
  readonly version: number;
}

/**
 * Brings the schema to this version, or refuses it untouched. All migrations are one transaction under a lock, so that of several processes
 * that open a new store at once one makes it and the others find it made. Who finds it made needs no right to make anything.
 */
export async function migrate(
  database: PostgresDatabase,
  { schema, ...patient }: Patient & { readonly schema: string },
): Promise<void> {
  const look = (session: StoreSession) => survey(session, { schema, database });
  const { version } = await database.read(look, patient);
  if (version === migrations.length) return;
  await database.prepare(async (session) => {
    await session.query(lockSql, [schema]);
    await bring(session, database.tables, await look(session));
  }, patient);
}

async function bring(session: StoreSession, tables: Tables, found: Survey): Promise<void> {
  if (found.version === migrations.length) return;
  if (!found.hasSchema) await session.execute(`CREATE SCHEMA ${tables.schema}`);
  if (found.version === 0) {
    await session.execute(makeStoreSql(tables));
    await session.query(insertStoreSql(tables), [randomUUID().replaceAll('-', '')]);
  }
  for (const migration of migrations.slice(found.version)) await session.execute(migration(tables));
  await session.query(setVersionSql(tables), [migrations.length]);
}

async function survey(
  session: StoreSession,
  { schema, database }: { readonly schema: string; readonly database: PostgresDatabase },
): Promise<Survey> {
  const place = `${database.label}, schema ${schema}`;
  const [seen] = (await session.query(surveySql, [schema])).rows;
  const hasSchema = flag(seen, 'has_schema');
  if (!flag(seen, 'is_ours')) {
    if (flag(seen, 'has_tables')) throw storeUnusable(place, 'the schema has tables of another application');
    return { hasSchema, version: 0 };
  }
  const version = integer((await session.query(versionSql(database.tables))).rows[0], 'lockstep_version');
  if (version > migrations.length)
    throw storeUnusable(
      place,
      `a newer Lockstep made it (version ${version}; this one knows ${migrations.length})`,
    );
  return { hasSchema, version };
}
