import { expect, test } from 'vitest';
import { openPair } from './support/pair.ts';
import { count } from './support/states.ts';
import { openTrial } from './support/trial.ts';

const table = 'CREATE TABLE accounts (id int PRIMARY KEY, tenant text NOT NULL)';
const rows = `INSERT INTO accounts SELECT n, 'tenant ' || n % 3 FROM generate_series(1, 300) AS n`;

test('row security hides rows from the reader: refused by check and run, and nothing is deleted at the target', async () => {
  await using pair = await openPair({ atSource: `${table}; ${rows}`, atTarget: `${table}; ${rows}` });
  const { source, target } = pair;
  const user = await source.createRole();
  await source.query(`GRANT SELECT ON accounts TO ${user}; ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON accounts FOR SELECT USING (tenant = 'tenant 1')`);
  await using trial = await openTrial({
    source: source.urlFor({ user }),
    target: target.url,
    collections: { accounts: { scope: 'all', guard: { maxLeavingShare: 1 } } },
  });
  const [checked] = await trial.engine.check('trial');
  expect(checked).toMatchObject({ ok: false });
  expect(checked?.findings.map(({ code }) => code)).toContain('rows-hidden');
  expect(await trial.failure()).toMatchObject({ code: 'not-ready', exit: 'connection' });
  expect(await count(target, 'accounts')).toBe(300);

  await source.query('ALTER TABLE accounts DISABLE ROW LEVEL SECURITY');
  expect(await trial.run()).toMatchObject({ result: 'equal' });
  await source.query(`DROP OWNED BY ${user}`);
});

test('row security that is switched on while a run is under way: that collection stops, nothing is deleted', async () => {
  await using pair = await openPair({ atSource: `${table}; ${rows}`, atTarget: `${table}; ${rows}` });
  const { source, target } = pair;
  const user = await source.createRole();
  await source.query(`GRANT SELECT ON accounts TO ${user};
    CREATE POLICY own ON accounts FOR SELECT USING (tenant = 'tenant 1')`);
  await using trial = await openTrial({
    source: source.urlFor({ user }),
    target: target.url,
    collections: { accounts: { scope: 'all', guard: { maxLeavingShare: 1 } } },
    targetConfig: { stallTimeoutMs: 200 },
  });
  const locker = await target.connect();
  const begun = trial.log.next('notice');
  await locker.query('BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE');
  const running = trial.run();
  await begun; // the run has begun and waits for the target
  await source.query('ALTER TABLE accounts ENABLE ROW LEVEL SECURITY');
  await locker.query('COMMIT');
  const outcome = await running.then(
    ({ failures }) => failures.map(({ code }) => code),
    (thrown: { code: string }) => [thrown.code],
  );
  expect(['rows-hidden', 'not-ready']).toContain(outcome[0]);
  expect(await count(target, 'accounts')).toBe(300);
  await source.query(`DROP OWNED BY ${user}`);
});
