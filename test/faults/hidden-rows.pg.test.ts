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
  const errors = checked?.findings.filter(({ level }) => level === 'error');
  expect(errors?.map(({ code }) => code)).toEqual(['rows-hidden']);
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
  });
  expect(await trial.run()).toMatchObject({ result: 'equal' });
  // Checked, and about to read: taking over waits for whoever holds our state.
  const holder = await target.connect();
  const begun = trial.log.next('notice');
  await holder.query('BEGIN; SELECT FROM lockstep.state FOR UPDATE');
  const running = trial.run();
  expect(await begun).toMatchObject({ message: expect.stringContaining('taking over trial waits') });
  await source.query('ALTER TABLE accounts ENABLE ROW LEVEL SECURITY');
  await holder.query('COMMIT');
  const { result, failures } = await running;
  expect([result, failures]).toMatchObject([
    'failed',
    [{ collection: 'public.accounts', code: 'rows-hidden' }],
  ]);
  expect(await count(target, 'accounts')).toBe(300);
  await source.query(`DROP OWNED BY ${user}`);
});
