import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { processSpace } from '../../../src/service/pipeline/process-space.ts';
import { makeSpillDirectory, removeSpilled } from '../../../src/service/pipeline/spill-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const nobody = 2 ** 30;

/** What others have left below the same directory, some of it long ago. */
function leave(root: string, name: string, ageMs = 0): string {
  const path = join(root, 'spill', name);
  mkdirSync(path, { recursive: true });
  const at = new Date(Date.now() - ageMs);
  utimesSync(path, at, at);
  return name;
}

test('what processes of this machine left that are dead goes; what those of others use stays until nobody touches it', async () => {
  await using directory = await temporaryDirectory();
  const root = directory.path;
  leave(root, `${nobody}-${processSpace()}-1`);
  leave(root, `${nobody}-elsewhere-2`, 3_700_000);
  leave(root, `${nobody}-0d1f2a3b-4c5d-of-an-older-version`, 3_700_000);
  const kept = [
    leave(root, `${nobody}-elsewhere-3`),
    leave(root, `${process.pid}-${processSpace()}-4`),
    leave(root, `${process.pid}-elsewhere-5`, 3_000_000),
  ];
  {
    await using spill = await makeSpillDirectory(root);
    expect(readdirSync(join(root, 'spill')).toSorted()).toEqual([...kept, basename(spill.path)].toSorted());
  }
  await removeSpilled(root);
  expect(readdirSync(join(root, 'spill')).toSorted()).toEqual(kept.toSorted());
});

test('without others nothing stays', async () => {
  await using directory = await temporaryDirectory();
  await (await makeSpillDirectory(directory.path))[Symbol.asyncDispose]();
  await removeSpilled(directory.path);
  expect(readdirSync(directory.path)).toEqual([]);
});
