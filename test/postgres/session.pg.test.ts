import http from 'node:http';
import net from 'node:net';
import { expect, test } from 'vitest';
import type { Session } from '../../src/connectors/postgres/session/session.ts';
import type { ConnectorNotice } from '../../src/protocol/connector.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { collect, failure, never, poolFor } from './support.ts';

const statements: readonly (readonly [string, string, Parameters<typeof failure>[1]])[] = [
  ['a unique violation', 'INSERT INTO public.t VALUES (1, 1)', 'unique-conflict'],
  ['a missing reference', 'INSERT INTO public.child VALUES (99)', 'reference-missing'],
  ['a null', 'INSERT INTO public.t VALUES (2, NULL)', 'value-refused'],
  ['a check', 'INSERT INTO public.t VALUES (2, -1)', 'value-refused'],
  ['a value out of range', 'SELECT 100000::int2', 'value-refused'],
  ['an error raised by a trigger', `DO $$ BEGIN RAISE EXCEPTION 'secret-4711'; END $$`, 'value-refused'],
  ['a missing table', 'SELECT * FROM public.nope', 'collection-gone'],
  ['a missing column', 'SELECT nope FROM public.t', 'shape-changed'],
  ['a missing right', 'SET ROLE nobody_at_all_x; SELECT * FROM public.t', 'permission-denied'],
  ['a write where none is allowed', 'BEGIN READ ONLY; INSERT INTO public.t VALUES (5, 5)', 'read-only'],
  ['a statement timeout', `SET statement_timeout = 50; SELECT pg_sleep(10)`, 'statement-timeout'],
  [
    'an unknown snapshot',
    `BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '00000003-0000001B-1'`,
    'snapshot-lost',
  ],
  ['a session ended by an administrator', 'SELECT pg_terminate_backend(pg_backend_pid())', 'connection-lost'],
];

test.for(statements)('%s has a code of its own, and no value in its message', async ([, sql, code]) => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  const role = await database.createRole();
  await database.query(`CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL CHECK (v > 0)); INSERT INTO t VALUES (1, 1);
    CREATE TABLE child (t int REFERENCES t)`);
  const error = await failure(
    pool.use((session) => session.execute(sql.replace('nobody_at_all_x', `"${role}"`)), { signal: never }),
    code,
  );
  expect(error.message).not.toMatch(/secret-4711|100000|=\(|row contains/);
});

test('a lock that is not to be had and a deadlock are transient', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
  const holder = await database.connect();
  await holder.query('BEGIN; LOCK TABLE t');
  const waits = pool.use((session) => session.execute('SET lock_timeout = 50; SELECT * FROM public.t'), {
    signal: never,
  });
  expect((await failure(waits, 'lock-timeout')).class).toBe('transient');
  await holder.query('ROLLBACK');
});

const config = { connectTimeoutMs: 800 } as const;

test('servers that are none of PostgreSQL are recognised in less than a second', async () => {
  const servers = [
    http.createServer((_, response) => response.end('hello')),
    net.createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n')),
    net.createServer((socket) => socket.once('data', (piece) => mongoAnswer(socket, piece))),
  ];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const address = server.address();
    await using pool = poolFor(
      `postgres://u:pw-4711@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/d`,
    );
    const startedAt = performance.now();
    const error = await failure(pool.open({ signal: never }), 'wrong-server');
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(error.message).not.toContain('pw-4711');
    await new Promise((resolve) => server.close(resolve));
  }
});

/** As mongod does: hangs up on what it does not understand, except on HTTP. */
function mongoAnswer(socket: net.Socket, piece: Buffer): void {
  const isHttp = piece.toString('latin1').startsWith('GET');
  socket.end(
    isHttp
      ? 'HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n'
      : '',
  );
}

test('nobody there, no such database, no such user, and a server that never answers are told apart', async () => {
  await using database = await createTestDatabase();
  const open = async (url: string) => {
    await using pool = poolFor(url, config);
    return await pool.open({ signal: never });
  };
  await failure(open('postgres://u@127.0.0.1:1/d'), 'connection-refused');
  await failure(open('postgres://u@no-such-host.invalid/d'), 'connection-refused');
  await failure(open(database.url.replace(/\/[^/]+$/, '/no_such_database')), 'database-unknown');
  await failure(open(database.urlFor({ user: 'no_such_user' })), 'authentication-failed');
  const mute = net.createServer();
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', () => resolve()));
  const address = mute.address();
  await failure(
    open(`postgres://u@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/d`),
    'connection-timeout',
  );
  mute.close();
});

test('an abort cancels the statement at the server, and the session lives on', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await pool.use(
    async (session) => {
      const controller = new AbortController();
      const sleep = session.query('SELECT pg_sleep(30)', undefined, { signal: controller.signal });
      controller.abort(new Error('enough'));
      await failure(sleep, 'interrupted');
      expect((await session.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    },
    { signal: never },
  );
});

test('a connection that goes in the middle of a copy is a short read, never an end', async () => {
  await using database = await createTestDatabase();
  await using proxy = await startFaultProxy(database.url);
  await using pool = poolFor(proxy.url(database.url));
  await using session = await pool.open({ signal: never });
  const cut = proxy.cutAfter(3_000_000, { direction: 'toClient' });
  const sql = `COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000)) TO STDOUT`;
  await failure(collect(session.copyOut(sql, { signal: never })), 'source-short');
  await cut;
  expect(session.broken).toBe(true);
});

test('a half-open connection is given up, and other sessions go on', async () => {
  await using database = await createTestDatabase();
  await using proxy = await startFaultProxy(database.url);
  await using pool = poolFor(proxy.url(database.url), { stallTimeoutMs: 300, connectTimeoutMs: 300 });
  await using session = await pool.open({ signal: never });
  const query = session.query('SELECT pg_sleep(60)');
  proxy.halfOpen();
  await failure(query, 'connection-stalled');
  expect(session.broken).toBe(true);
});

test('the server asks after a silent client soon: one whose machine is gone holds nothing for long', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  const asked = `SELECT name, setting::int FROM pg_catalog.pg_settings WHERE name LIKE 'tcp_keepalives_%' ORDER BY name`;
  const { rows } = await pool.use((session) => session.query<{ setting: number }>(asked), { signal: never });
  const [count, idle, interval] = rows.map(({ setting }) => setting);
  expect((idle ?? 0) + (interval ?? 0) * (count ?? 0)).toBe(30);
});

test('a statement that waits for a lock is reported with who holds it, and not given up', async () => {
  await using database = await createTestDatabase();
  const notices: ConnectorNotice[] = [];
  await using pool = poolFor(database.url, { stallTimeoutMs: 200, notice: (notice) => notices.push(notice) });
  await database.query('CREATE TABLE t (id int)');
  const holder = await database.connect();
  await holder.query('BEGIN; LOCK TABLE t');
  const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const waiting = pool.use((session) => session.query('SELECT * FROM public.t'), { signal: never });
  await expect
    .poll(() => notices.map(({ message }) => message).join())
    .toContain(`held by process ${rows[0]?.pid}`);
  await holder.query('COMMIT');
  expect((await waiting).rows).toEqual([]);
});

test('a slow statement is not a stalled one', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url, { stallTimeoutMs: 1_000 });
  const slow = `DO $$ DECLARE t timestamptz := clock_timestamp(); BEGIN WHILE clock_timestamp() < t + '3 s'::interval LOOP END LOOP; END $$`;
  await pool.use((session) => session.execute(slow), { signal: never });
});

async function pipe(
  source: Session,
  target: Session,
  options: string,
): Promise<{ counted: number; written: number }> {
  const copy = await target.copyIn(`COPY public.b FROM STDIN ${options}`, { signal: never });
  let counted = 0;
  for await (const { bytes, rowCount } of source.copyOut(`COPY public.a TO STDOUT ${options}`, {
    signal: never,
  })) {
    counted += rowCount;
    await copy.write(bytes);
  }
  return { counted, written: await copy.end() };
}

test.for(['(FORMAT binary)', '(FORMAT text)', '(FORMAT csv)'])(
  'a copy is piped from session to session: %s',
  async (options) => {
    await using database = await createTestDatabase();
    await using pool = poolFor(database.url);
    await database.query(`CREATE TABLE a (id int, v text); CREATE TABLE b (LIKE a);
    INSERT INTO a SELECT i, CASE i % 100 WHEN 0 THEN repeat(md5(i::text), 5000) WHEN 1 THEN NULL ELSE E'a\\tb\\\\n' || i END FROM generate_series(1, 3000) i`);
    await using source = await pool.open({ signal: never });
    await using target = await pool.open({ signal: never });
    expect(await pipe(source, target, options)).toEqual({ counted: 3000, written: 3000 });
    const left = await database.query('SELECT * FROM a EXCEPT ALL SELECT * FROM b');
    expect(left.rows).toEqual([]);
    await database.query('TRUNCATE a, b');
    expect(await pipe(source, target, options)).toEqual({ counted: 0, written: 0 });
  },
);

test('a row of 100 MB passes in bounded memory', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query(`CREATE TABLE a (v bytea); ALTER TABLE a ALTER v SET STORAGE EXTERNAL; CREATE TABLE b (LIKE a);
    INSERT INTO a SELECT decode(repeat('00ff', 50 * 1024 * 1024), 'hex')`);
  await using source = await pool.open({ signal: never });
  await using target = await pool.open({ signal: never });
  const before = process.memoryUsage().rss;
  let peak = 0;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss - before);
  }, 10);
  try {
    expect(await pipe(source, target, '(FORMAT binary)')).toEqual({ counted: 1, written: 1 });
  } finally {
    clearInterval(sampling);
  }
  expect(peak).toBeLessThan(90 * 1024 * 1024);
});

test('an error of the server in the middle of a copy ends it with its own code, in both directions', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query('CREATE TABLE b (id int PRIMARY KEY)');
  await using session = await pool.open({ signal: never });
  const sql = 'COPY (SELECT 1 / (50000 - i) FROM generate_series(1, 60000) i) TO STDOUT';
  await failure(collect(session.copyOut(sql, { signal: never })), 'value-refused');
  const endlessly = async () => {
    const copy = await session.copyIn('COPY public.b FROM STDIN', { signal: never });
    await copy.writePayload(Buffer.from('1\nx\n'));
    for (;;) await copy.writePayload(Buffer.alloc(100_000, '2\n'));
  };
  await failure(endlessly(), 'value-refused');
  expect(session.broken).toBe(false);
  const copy = await session.copyIn('COPY public.b FROM STDIN', { signal: never });
  await copy.writePayload(Buffer.from('7\n'));
  await copy.fail('changed my mind');
  expect((await session.query('SELECT * FROM public.b')).rows).toEqual([]);
});

test('a transaction is rolled back on throw and committed on return', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query('CREATE TABLE t (id int)');
  await pool.use(
    async (session) => {
      const thrown = session.transaction(async () => {
        await session.execute('INSERT INTO public.t VALUES (1)');
        throw new Error('no');
      });
      await expect(thrown).rejects.toThrow('no');
      await session.transaction(() => session.execute('INSERT INTO public.t VALUES (2)'));
      expect((await session.query('SELECT id FROM public.t')).rows).toEqual([{ id: 2 }]);
    },
    { signal: never },
  );
});

test('an abort between the work and the commit rolls back, and leaves no transaction open', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query('CREATE TABLE t (id int)');
  await pool.use(
    async (session) => {
      const controller = new AbortController();
      const work = async () => {
        await session.execute('INSERT INTO public.t VALUES (1)');
        controller.abort(new Error('enough'));
      };
      await failure(session.transaction(work, { signal: controller.signal }), 'interrupted');
      await failure(
        session.transaction(async () => undefined, { begin: 'BEGIN; SELECT nope' }),
        'shape-changed',
      );
      const { rows } = await session.query('SELECT id FROM public.t');
      expect(rows).toEqual([]);
    },
    { signal: never },
  );
});

test('a pool gives no more sessions than it has, and replaces broken ones', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  const pids = await Promise.all(
    Array.from({ length: 30 }, () => pool.use(async (session) => session.processId, { signal: never })),
  );
  expect(new Set(pids).size).toBeLessThanOrEqual(6);
  await failure(
    pool.use((session) => session.query('SELECT pg_terminate_backend(pg_backend_pid())'), { signal: never }),
    'connection-lost',
  );
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => pool.use((session) => session.query('SELECT 1'), { signal: never })),
  );
  expect(answers).toHaveLength(12);
});
