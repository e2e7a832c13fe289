import { expect, test } from 'vitest';
import { openPair } from '../walk/pair.ts';

/** Row 1 waits for 2 to leave, which has its code; and somebody takes its key when 2 does. */
const taking = `
  CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.t VALUES (1, 'theirs', 'them'); RETURN NULL; END $$;
  CREATE TRIGGER take AFTER DELETE ON t FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION take()`;

test('a key that somebody takes while its row waits for others is a clash, and has a letter that says so', async () => {
  await using pair = await openPair();
  await pair.both(`CREATE TABLE t (id int PRIMARY KEY, code text UNIQUE, owner text DEFAULT 'us');
    INSERT INTO t SELECT n, 'code ' || n FROM generate_series(3, 20) AS n`);
  await pair.source.query(`INSERT INTO t VALUES (1, 'a')`);
  await pair.target.query(`INSERT INTO t VALUES (2, 'a'); ${taking}`);
  const engine = await pair.engine({
    collections: { t: { columns: ['id', 'code'], scope: { where: `owner = 'us'` } } },
    refresh: { by: 'direct' },
  });
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    deadLetters: 1,
    collections: [{ left: 1, clashes: 1 }],
  });
  const { letters } = await engine.letters('it');
  expect(letters).toMatchObject([{ key: '["1"]', code: 'key-clash' }]);
  expect(await engine.verify('it')).toMatchObject({ equal: false, collections: [{ clashes: 1 }] });
  await pair.target.query(`DELETE FROM t WHERE owner = 'them'`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
});
