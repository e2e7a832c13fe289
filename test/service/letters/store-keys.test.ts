import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createLockstep, env } from '../../../src/index.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const key = randomBytes(32).toString('base64');
const side = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' } as const;
const pipelines = { shop: { source: side, destination: side, collections: ['orders'] } };

async function messageOf(store: object, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  await using directory = await temporaryDirectory();
  try {
    const options = { directory: directory.path, env: variables };
    await using _engine = await createLockstep({ pipelines, store }, options);
    return '';
  } catch (error) {
    return String(error);
  }
}

test('one key, a list of keys, or references to them are taken', async () => {
  expect(await messageOf({ key })).toBe('');
  expect(await messageOf({ key: [key, randomBytes(32).toString('hex')] })).toBe('');
  expect(await messageOf({ key: [env('NEW'), env('OLD')] }, { NEW: key, OLD: key })).toBe('');
});

test('what is no key is told with its place and never shown', async () => {
  const wrong = 'planted-canary';
  expect(await messageOf({ key: wrong })).toMatch(/ {2}store\.key: must be 32 bytes as base64 or hex/);
  expect(await messageOf({ key: [key, env('OLD')] }, { OLD: wrong })).toMatch(
    / {2}store\.key\[1\]: must be 32 bytes/,
  );
  expect(await messageOf({ key: env('NONE') })).toMatch(/store\.key: NONE is not set/);
  expect(await messageOf({ key: [] })).toMatch(/store\.key/);
  for (const store of [{ key: wrong }, { key: [wrong, wrong] }])
    expect(await messageOf(store)).not.toContain(wrong);
});
