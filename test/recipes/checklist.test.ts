import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

test.each([
  ['user-table', 'UT'],
  ['featbit-users', 'FB'],
])('every line of the checklist of %s has a test, and every numbered test a line', async (recipe, mark) => {
  const checklist = await readFile(new URL(`src/recipes/${recipe}/CHECKLIST.md`, root), 'utf8');
  const lines = [...checklist.matchAll(new RegExp(`^- (${mark}-\\d+) `, 'gm'))].map(([, id]) => id);
  const titles = new RegExp(`['"\`]((?:${mark}-\\d+ )+)`, 'g');
  const tested: string[] = [];
  for await (const file of glob(new URL(`test/recipes/${recipe}/*.test.ts`, root).pathname))
    for (const [, ids = ''] of (await readFile(file, 'utf8')).matchAll(titles))
      tested.push(...ids.trim().split(' '));
  expect([...new Set(lines)]).toHaveLength(lines.length);
  expect([...new Set(tested)].toSorted()).toEqual(lines.toSorted());
});
