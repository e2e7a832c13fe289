import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const here = new URL('.', import.meta.url).pathname;

test('every line of the checklist has a test, and every numbered test a line', async () => {
  const checklist = await readFile(
    new URL('../../../src/recipes/featbit-users/CHECKLIST.md', import.meta.url),
    'utf8',
  );
  const lines = [...checklist.matchAll(/^- (FB-\d+) /gm)].map(([, id]) => id);
  const tested: string[] = [];
  for await (const file of glob(`${here}*.test.ts`))
    for (const [, ids = ''] of (await readFile(file, 'utf8')).matchAll(/['"`]((?:FB-\d+ )+)/g))
      tested.push(...ids.trim().split(' '));
  expect([...new Set(lines)]).toHaveLength(lines.length);
  expect([...new Set(tested)].toSorted()).toEqual(lines.toSorted());
});
