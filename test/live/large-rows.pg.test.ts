import { expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

const rows = 300;

test('keys whose rows are large are read in windows that fit into memory (rule 10)', async () => {
  await using pair = await openLivePair({ capture: 'triggers' });
  await pair.both('CREATE TABLE pages (id int PRIMARY KEY, body text NOT NULL)');
  await pair.source.query(
    `INSERT INTO pages SELECT n, repeat('x', 100000) FROM generate_series(1, ${rows}) n`,
  );
  await using running = await pair.start({ collections: ['pages'] });
  const change = async (letter: string): Promise<void> => {
    await pair.source.query(`UPDATE pages SET body = repeat('${letter}', 100000)`);
    await running.inStep();
  };
  // Nobody knows yet how large they are.
  await change('y');
  const before = running.told['window.applied']?.length ?? 0;
  await change('z');
  const windows = (running.told['window.applied'] ?? []).slice(before).filter(({ touches }) => touches > 0);
  expect(windows.reduce((sum, { touches }) => sum + touches, 0)).toBeGreaterThanOrEqual(rows);
  // 8 MB, the limit of a transaction's piece, hold 84 of them.
  expect(Math.max(...windows.map(({ touches }) => touches))).toBeLessThan(100);
  expect(await pair.expectSame('pages')).toBe(rows);
});
