import { randomBytes } from 'node:crypto';
import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLockstepError, SecretText } from '../../../src/index.ts';
import type { Row, Value } from '../../../src/protocol/value.ts';
import { createSealer } from '../../../src/service/letters/seal.ts';
import { readSealingKey, type SealingKey } from '../../../src/service/letters/sealing-key.ts';

const row: Row = {
  id: 42n ** 20n,
  name: 'Zoë \u0000 "quoted"',
  at: new Date('2026-02-03T04:05:06.007Z'),
  never: new Date(Number.NaN),
  bytes: new Uint8Array([0, 1, 254, 255]),
  nothing: null,
  yes: true,
  odd: [Number.NaN, Number.POSITIVE_INFINITY, -0, 1.5, [new Uint8Array(), 1n]],
  nested: { '#': 'number', text: 'not a tag', deeper: { at: new Date(0) } },
  __proto__x: 'x',
};

function newKey(spelling: 'base64' | 'hex' | 'base64url' = 'base64'): SealingKey {
  const key = readSealingKey(new SecretText(randomBytes(32).toString(spelling)));
  if (key === null) throw new Error('the key was not understood');
  return key;
}

const sealed = (key: SealingKey): Uint8Array => createSealer([key]).seal(row) ?? new Uint8Array();

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (thrown) {
    return isLockstepError(thrown) ? thrown.code : String(thrown);
  }
}

test.each(['base64', 'hex', 'base64url'] as const)('a key may be written as %s', (spelling) => {
  const key = newKey(spelling);
  expect(createSealer([key]).open(sealed(key))).toEqual(row);
});

test.each(['', 'short', 'x'.repeat(43), 'g'.repeat(64), `${'A'.repeat(42)}!=`])('%j is no key', (text) => {
  const isKey = readSealingKey(new SecretText(text)) !== null;
  expect(isKey).toBe(text === 'x'.repeat(43));
});

test('every kind of value survives, and nothing of it can be read in the sealed form', () => {
  const key = newKey();
  const bytes = sealed(key);
  expect(createSealer([key]).open(bytes)).toEqual(row);
  expect(Buffer.from(bytes).includes('quoted')).toBe(false);
  expect(Buffer.from(sealed(key)).equals(Buffer.from(bytes))).toBe(false);
});

test('without a key nothing of the row is kept', () => {
  expect(createSealer([]).seal(row)).toBeNull();
});

test('after a rotation the newest key seals and all open; a key that is gone is named (rule 8)', () => {
  const [former, newest] = [newKey(), newKey()];
  const old = sealed(former);
  const rotated = createSealer([newest, former]);
  expect(rotated.open(old)).toEqual(row);
  const now = rotated.seal(row) ?? new Uint8Array();
  expect(createSealer([newest]).open(now)).toEqual(row);
  expect(codeOf(() => createSealer([former]).open(now))).toBe('letter-key-unknown');
  expect(codeOf(() => createSealer([]).open(old))).toBe('letter-key-unknown');
});

test('what was changed by a single bit anywhere is not opened', () => {
  const key = newKey();
  const bytes = sealed(key);
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Uint8Array.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(codeOf(() => createSealer([key]).open(changed))).toMatch(/^letter-(damaged|key-unknown)$/);
  }
  expect(codeOf(() => createSealer([key]).open(bytes.subarray(0, 20)))).toBe('letter-damaged');
  expect(codeOf(() => createSealer([key]).open(bytes.subarray(0, bytes.length - 1)))).toBe('letter-damaged');
});

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
);
const names = fc.oneof(fc.string(), fc.constantFrom('#', '__proto__', 'text', 'entries', 'constructor'));
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value')), fc.dictionary(names, tie('value'))),
}));

test('whatever a row holds comes back equal', () => {
  const sealer = createSealer([newKey()]);
  fc.assert(
    fc.property(fc.dictionary(names, value, { noNullPrototype: true }), (any) => {
      const opened = sealer.open(sealer.seal(any) ?? new Uint8Array());
      // vitest takes a key called `constructor` for the type.
      expect(isDeepStrictEqual(opened, plain(any)), inspect(any)).toBe(true);
    }),
  );
});

/** Without null prototypes, which nobody can tell from a row's own. */
function plain(any: Value): Value {
  if (any === null || typeof any !== 'object' || any instanceof Date || any instanceof Uint8Array) return any;
  if (Array.isArray(any)) return any.map(plain);
  return Object.fromEntries(Object.entries(any).map(([name, item]) => [name, plain(item)]));
}
