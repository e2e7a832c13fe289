import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Suspects } from '../../../src/engine/walk/hash-join.ts';
import { onceAllAreFound } from '../../../src/engine/walk/once-all-are-found.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const keys = fc.array(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 6 });
const pieces = fc.array(fc.record({ missing: keys, extra: keys, different: keys }), { maxLength: 6 });

const sorted = (suspects: readonly Suspects[]) => ({
  missing: suspects.flatMap(({ missing }) => missing).toSorted(),
  extra: suspects.flatMap(({ extra }) => extra).toSorted(),
  different: suspects.flatMap(({ different }) => different).toSorted(),
});

test('what was found is told as it was, nothing of it before the end, and no file is left', async () => {
  await using directory = await temporaryDirectory();
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 5 }), async (found, atOnce) => {
      let ended = false;
      async function* search(): AsyncIterable<Suspects> {
        yield* found;
        ended = true;
      }
      const told: Suspects[] = [];
      for await (const some of onceAllAreFound(search(), { spillDirectory: directory.path, atOnce })) {
        expect(ended).toBe(true);
        told.push(some);
      }
      expect(sorted(told)).toEqual(sorted(found));
    }),
    { numRuns: 60 },
  );
  expect(await readdir(directory.path)).toEqual([]);
});

test('a search that fails half way has told nothing', async () => {
  await using directory = await temporaryDirectory();
  async function* failing(): AsyncIterable<Suspects> {
    for (const key of ['a', 'b', 'c']) yield { missing: [key], extra: [], different: [] };
    throw new Error('the connection was lost');
  }
  const told: Suspects[] = [];
  const telling = (async () => {
    const options = { spillDirectory: directory.path, atOnce: 2 };
    for await (const some of onceAllAreFound(failing(), options)) told.push(some);
  })();
  await expect(telling).rejects.toThrow('the connection was lost');
  expect(told).toEqual([]);
  expect(await readdir(directory.path)).toEqual([]);
});
