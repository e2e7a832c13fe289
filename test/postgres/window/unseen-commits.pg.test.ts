import { expect, test } from 'vitest';
import { postgresConfigSchema } from '../../../src/connectors/postgres/config.ts';
import { openPostgresWriter } from '../../../src/connectors/postgres/writer/open-writer.ts';
import type { ConnectorNotice } from '../../../src/protocol/connector.ts';
import { type PostgresServer, startPostgres } from '../../../tools/servers/postgres.ts';
import { holding, pipeline, upsert } from '../../conformance/writer/writer-under-test.ts';
import { planFor } from '../../connectors/postgres/writer/destination.ts';
import { never, readerFor, selecting } from '../support.ts';
import { kinds, windowOver } from './support.ts';

/** A commit waits for a standby that does not exist: it is in the log, and nobody sees it, until the waiting is cancelled. */
const waitingServer = () =>
  startPostgres({
    version: 18,
    settings: { synchronous_standby_names: 'nobody', synchronous_commit: 'local' },
  });

const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
const lookup = (keys: readonly string[]) => ({
  selection: selecting('id'),
  keyColumns: ['id'],
  notBefore: null,
  signal: never,
  keys,
});

async function untilWaiting(client: Awaited<ReturnType<PostgresServer['connect']>>): Promise<void> {
  await expect.poll(async () => (await client.query(waiting)).rows.length, { timeout: 10_000 }).toBe(1);
}

test('a lookup waits for a commit that the log has and nobody sees yet, and says for which', async () => {
  await using server = await waitingServer();
  await using admin = await server.connect('postgres');
  await using committing = await server.connect('postgres');
  await admin.query('CREATE TABLE t (id int PRIMARY KEY)');
  const notices: ConnectorNotice[] = [];
  await using reader = readerFor(server.superuserUrl, { notice: (notice) => notices.push(notice) });
  await using latest = reader.latest();
  await committing.query('SET synchronous_commit = on; BEGIN; INSERT INTO t VALUES (1)');
  const { rows } = await committing.query<{ xid: string }>('SELECT pg_current_xact_id()::xid::text AS xid');
  const transaction = rows[0]?.xid ?? '';
  const committed = committing.query('COMMIT');
  await untilWaiting(admin);
  const { keys, ...options } = lookup(['["1"]', '["2"]']);
  const early = await latest.lookup('t', keys, options);
  expect([...early.values()]).toEqual([null, null]);
  const found = latest.lookup('t', keys, { ...options, shows: [transaction] });
  let done = false;
  void found.then(() => {
    done = true;
  });
  await expect
    .poll(() => notices.map(({ message }) => message).join(), { timeout: 15_000 })
    .toContain(transaction);
  expect(done).toBe(false);
  await admin.query(`SELECT pg_cancel_backend(pid) FROM (${waiting}) AS w`);
  expect([...(await found).values()]).toEqual([{ id: 1 }, null]);
  await committed;
  const later = await latest.lookup('t', keys, { ...options, shows: [transaction, '3'] });
  expect(later.get('["1"]')).toEqual({ id: 1 });
});

test('a lookup that waits for a commit stops on request', async () => {
  await using server = await waitingServer();
  await using admin = await server.connect('postgres');
  await using open = await server.connect('postgres');
  await admin.query('CREATE TABLE t (id int PRIMARY KEY)');
  await open.query('BEGIN; INSERT INTO t VALUES (1)');
  const { rows } = await open.query<{ xid: string }>('SELECT pg_current_xact_id()::xid::text AS xid');
  await using reader = readerFor(server.superuserUrl);
  await using latest = reader.latest();
  const stop = new AbortController();
  const { keys, ...options } = lookup(['["1"]']);
  const found = latest.lookup('t', keys, { ...options, signal: stop.signal, shows: [rows[0]?.xid ?? ''] });
  const stopped = expect(found).rejects.toMatchObject({ code: 'interrupted' });
  const asking = `SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE 'SELECT pg_catalog.pg_current_snapshot()%'`;
  await expect.poll(async () => (await admin.query(asking)).rows.length).toBe(1);
  stop.abort(new Error('enough'));
  await stopped;
});

test('a connection that is lost in the commit of a window is told so, and the window may come again', async () => {
  await using server = await waitingServer();
  await using admin = await server.connect('postgres');
  await admin.query('CREATE TABLE t (id int PRIMARY KEY)');
  const config = postgresConfigSchema.parse({ connector: 'postgres', url: server.superuserUrl });
  const notice = () => undefined;
  await using writer = await openPostgresWriter(config, { pipeline, lanes: 1, signal: never, notice });
  await writer.attach(holding(1));
  const target = await writer.open(planFor({ target: 't', columns: ['id'] }), holding(1));
  await writer.applyWindow(windowOver(), holding(1));
  await admin.query(`SET synchronous_commit = local`);
  await admin.query(`ALTER SYSTEM SET synchronous_commit = on`);
  await admin.query('SELECT pg_reload_conf()');
  // The server reads its settings a moment later, and tells its sessions then.
  const setting = async () => {
    await using fresh = await server.connect('postgres');
    return (await fresh.query('SHOW synchronous_commit')).rows;
  };
  await expect.poll(setting, { timeout: 10_000 }).toEqual([{ synchronous_commit: 'on' }]);
  const window = windowOver({ target, changes: [upsert(target, { id: 1 })] });
  const lost = expect(writer.applyWindow(window, holding(1))).rejects.toMatchObject({
    code: 'connection-lost',
    message: expect.stringContaining('whether the window was committed is unknown'),
  });
  await untilWaiting(admin);
  await admin.query('ALTER SYSTEM SET synchronous_commit = local');
  await admin.query('SELECT pg_reload_conf()');
  await admin.query(`SELECT pg_terminate_backend(pid, 5000) FROM (${waiting}) AS w`);
  await lost;
  expect((await admin.query('SELECT id FROM t')).rows).toEqual([{ id: 1 }]);
  expect(kinds(await writer.applyWindow(window, holding(1)))).toEqual([['unchanged']]);
});
