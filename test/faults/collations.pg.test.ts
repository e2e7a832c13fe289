import { expect, test } from 'vitest';
import type { TestDatabaseOptions } from '../support/postgres.ts';
import { openPair } from './support/pair.ts';
import { openTrial } from './support/trial.ts';

const databases = {
  ICU: { locale: { provider: 'icu', name: 'de-DE' } },
  'C.UTF-8': { locale: { provider: 'builtin', name: 'C.UTF-8' } },
  C: { locale: { provider: 'libc', name: 'C' } },
} as const satisfies Record<string, TestDatabaseOptions>;

const words = `CREATE TABLE words (word text, place int, note text, PRIMARY KEY (word, place))`;
const letters = `ARRAY['a','A','ä','Ä','á','z','Z','ß','ss','_','-','é','e','É','Ω','漢','😀',' ','0']`;
const fill = `INSERT INTO words
  SELECT (${letters})[1 + n % 19] || (${letters})[1 + (n / 19) % 19] || (${letters})[1 + (n / 361) % 19], n % 7, md5(n::text)
  FROM generate_series(1, 12000) AS n ON CONFLICT DO NOTHING; ANALYZE words`;

test.each([
  ['ICU', 'C'],
  ['C', 'ICU'],
  ['C.UTF-8', 'C'],
  ['ICU', 'C.UTF-8'],
] as const)(
  'text keys under %s at the source and %s at the target: equal, and differences are found',
  async (atSource, atTarget) => {
    const [sourceDatabase, targetDatabase] = [databases[atSource], databases[atTarget]];
    await using pair = await openPair({ atSource: `${words}; ${fill}`, sourceDatabase, targetDatabase });
    const { source, target } = pair;
    await using trial = await openTrial({
      source: source.url,
      target: target.url,
      collections: ['words'],
      settings: { create: true, rowsPerPartition: 1_000 },
    });
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    const rows = await pair.expectSame('words');
    await target.query(`DELETE FROM words WHERE word LIKE 'ä%' AND place = 1; UPDATE words SET note = 'other' WHERE word LIKE 'Z%' AND place = 2;
    INSERT INTO words VALUES ('ÄÄ-not-there', 1, 'x'), ('ää-not-there', 1, 'x')`);
    const verified = await trial.engine.verify('trial');
    expect(verified).toMatchObject({ equal: false, collections: [{ extra: 2 }] });
    expect(await trial.engine.verify('trial', { repair: true })).toMatchObject({ equal: true });
    expect(await pair.expectSame('words')).toBe(rows);
  },
);
