import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SecretText } from '../../../src/index.ts';
import type { Purpose } from '../../../src/store/secrets/envelope.ts';
import { Keyring, type KeySource, type KeysReread } from '../../../src/store/secrets/keyring.ts';
import { newKeyText, readSealingKey, type SealingKey } from '../../../src/store/secrets/sealing-key.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const bytes = new Uint8Array([1, 2, 3]);
const letter: Purpose = { kind: 'dead letter', of: ['shop', 'orders', '1'] };

function keyOf(text: string): SealingKey {
  const key = readSealingKey(new SecretText(text));
  if ('fault' in key) throw new Error(key.fault);
  return key;
}

const keyIdOf = (text: string): string => keyOf(text).id;

/** Keys that stand one a line in a file. */
function fromFile(file: string): KeySource {
  const read = () => ({
    keys: readFileSync(file, 'utf8').trim().split('\n').map(keyOf),
    files: [file],
  });
  return { first: read(), again: read };
}

function replaceFile(file: string, ...keys: readonly string[]): void {
  writeFileSync(`${file}.new`, keys.join('\n'));
  renameSync(`${file}.new`, file);
}

const sealedBy = (text: string): Uint8Array =>
  Keyring.of([keyOf(text)]).seal(bytes, letter) ?? new Uint8Array();

test.each([
  ['31 bytes', randomBytes(31).toString('base64'), /it is 31 bytes/],
  ['33 bytes as hex', randomBytes(33).toString('hex'), /it is 33 bytes/],
  ['nothing', '', /must be 32 bytes as base64 or hex/],
  ['other characters', `${'A'.repeat(42)}!=`, /must be 32 bytes/],
])('%s is no key, and what it is instead is said', (_, text, fault) => {
  const read = readSealingKey(new SecretText(text));
  expect('fault' in read ? read.fault : '').toMatch(fault);
});

test('what was sealed for one purpose is damaged for another', () => {
  const ring = Keyring.of([keyOf(newKeyText())]);
  const sealed = ring.seal(bytes, letter) ?? new Uint8Array();
  expect(ring.open(sealed, letter)).toEqual({ kind: 'opened', bytes });
  // The parts are told apart: what ends one may not begin the next.
  for (const of of [['shop', 'orders', '2'], ['shop', 'orders1', ''], ['shop', 'orders'], []])
    expect(ring.open(sealed, { kind: 'dead letter', of }).kind).toBe('damaged');
});

test('a key that is put into the file is learned when something names it, and from then on the new first one seals', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'keys');
  const [former, newest] = [newKeyText(), newKeyText()];
  replaceFile(file, former);
  const told: KeysReread[] = [];
  const ring = new Keyring(fromFile(file), (reread) => told.push(reread));
  expect(ring.open(sealedBy(newest), letter)).toEqual({ kind: 'key-unknown', keyId: keyIdOf(newest) });
  replaceFile(file, newest, former);
  expect(ring.open(sealedBy(newest), letter)).toEqual({ kind: 'opened', bytes });
  expect(told).toEqual([{ keyIds: [keyIdOf(newest), keyIdOf(former)], fault: null }]);
  const sealed = ring.seal(bytes, letter) ?? new Uint8Array();
  expect([ring.isCurrent(sealed), ring.isCurrent(sealedBy(former))]).toEqual([true, false]);
  expect(ring.refresh()).toBe(false);
});

test('before it seals it looks whether the file has changed', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'keys');
  const [former, newest] = [newKeyText(), newKeyText()];
  replaceFile(file, former);
  const ring = new Keyring(fromFile(file));
  replaceFile(file, newest, former);
  expect(Keyring.of([keyOf(newest)]).open(ring.seal(bytes, letter) ?? bytes, letter).kind).toBe('opened');
});

test('a file that holds no keys any more changes nothing, is told once, and is read again when it is mended', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'keys');
  const [former, newest] = [newKeyText(), newKeyText()];
  replaceFile(file, former);
  const told: KeysReread[] = [];
  const ring = new Keyring(fromFile(file), (reread) => told.push(reread));
  replaceFile(file, 'half a k');
  expect([ring.refresh(), ring.refresh(), ring.keyIds]).toEqual([false, false, [keyIdOf(former)]]);
  rmSync(file);
  expect([ring.refresh(), ring.keyIds]).toEqual([false, [keyIdOf(former)]]);
  expect(told.map(({ fault }) => fault)).toEqual([
    expect.stringMatching(/must be 32 bytes/),
    expect.stringMatching(/ENOENT/),
  ]);
  expect(ring.open(ring.seal(bytes, letter) ?? bytes, letter).kind).toBe('opened');
  replaceFile(file, newest, former);
  expect([ring.refresh(), ring.keyIds]).toEqual([true, [keyIdOf(newest), keyIdOf(former)]]);
});

test('a key that is taken away from the file opens nothing any more', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'keys');
  const [former, newest] = [newKeyText(), newKeyText()];
  replaceFile(file, newest, former);
  const ring = new Keyring(fromFile(file));
  expect(ring.open(sealedBy(former), letter).kind).toBe('opened');
  replaceFile(file, newest);
  ring.refresh();
  expect(ring.open(sealedBy(former), letter)).toEqual({ kind: 'key-unknown', keyId: keyIdOf(former) });
});
