import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runChild } from '../support/child.ts';

const file = fileURLToPath(new URL('nursery-program.ts', import.meta.url));
const megabyte = 1024 * 1024;

test.for([8, 16])('the nursery grows to %i MB at once, and no further', async (megabytes) => {
  const { stdout, stderr } = await runChild({ file, args: [String(megabytes * megabyte)] });
  expect(stderr).toBe('');
  const { before, after } = JSON.parse(stdout) as { before: number; after: number };
  expect(before).toBeLessThan(4 * megabyte);
  expect(after / megabyte).toBeGreaterThanOrEqual(megabytes);
  expect(after / megabyte).toBeLessThan(2 * megabytes);
});
