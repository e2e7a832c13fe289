import { createCipheriv, randomBytes } from 'node:crypto';
import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLockstepError, SecretText } from '../../../src/index.ts';
import type { Row, Value } from '../../../src/protocol/value.ts';
import { createSealer } from '../../../src/service/letters/seal.ts';
import { Keyring } from '../../../src/store/secrets/keyring.ts';
import { readSealingKey, type SealingKey } from '../../../src/store/secrets/sealing-key.ts';

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
  if ('fault' in key) throw new Error(key.fault);
  return key;
}

const place = { pipeline: 'shop', collection: 'orders', key: '["1"]' };
const sealerOf = (...keys: readonly SealingKey[]) => {
  const sealer = createSealer(Keyring.of(keys));
  return {
    seal: (any: Row) => sealer.seal(any, place),
    open: (bytes: Uint8Array, of = place) => sealer.open(bytes, of),
  };
};
const sealed = (key: SealingKey): Uint8Array => sealerOf(key).seal(row) ?? new Uint8Array();

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
  expect(sealerOf(key).open(sealed(key))).toEqual(row);
});

test.each(['', 'short', 'x'.repeat(43), 'g'.repeat(64), `${'A'.repeat(42)}!=`])('%j is no key', (text) => {
  const isKey = !('fault' in readSealingKey(new SecretText(text)));
  expect(isKey).toBe(text === 'x'.repeat(43));
});

test('every kind of value survives, and nothing of it can be read in the sealed form', () => {
  const key = newKey();
  const bytes = sealed(key);
  expect(sealerOf(key).open(bytes)).toEqual(row);
  expect(Buffer.from(bytes).includes('quoted')).toBe(false);
  expect(Buffer.from(sealed(key)).equals(Buffer.from(bytes))).toBe(false);
});

test('without a key nothing of the row is kept', () => {
  expect(sealerOf().seal(row)).toBeNull();
});

test('after a rotation the newest key seals and all open; a key that is gone is named (rule 8)', () => {
  const [former, newest] = [newKey(), newKey()];
  const old = sealed(former);
  const rotated = sealerOf(newest, former);
  expect(rotated.open(old)).toEqual(row);
  const now = rotated.seal(row) ?? new Uint8Array();
  expect(sealerOf(newest).open(now)).toEqual(row);
  expect(codeOf(() => sealerOf(former).open(now))).toBe('letter-key-unknown');
  expect(codeOf(() => sealerOf().open(old))).toBe('letter-key-unknown');
});

test('a row can’t be opened as that of another letter', () => {
  const key = newKey();
  const bytes = sealed(key);
  for (const other of [{ pipeline: 'crm' }, { collection: 'lines' }, { key: '["2"]' }])
    expect(codeOf(() => sealerOf(key).open(bytes, { ...place, ...other }))).toBe('letter-damaged');
  expect(sealerOf(key).open(bytes)).toEqual(row);
});

/** As Lockstep sealed rows before they named what they are for. */
function formerlySealed(key: SealingKey, json: string): Uint8Array {
  const head = Buffer.concat([Buffer.of(1), Buffer.from(key.id, 'hex')]);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(head);
  return Buffer.concat([head, nonce, cipher.update(json), cipher.final(), cipher.getAuthTag()]);
}

test('what was sealed before letters were named stays readable', () => {
  const key = newKey();
  const bytes = formerlySealed(key, '{"name":"Ada"}');
  expect(sealerOf(newKey(), key).open(bytes)).toEqual({ name: 'Ada' });
  expect(codeOf(() => sealerOf(newKey()).open(bytes))).toBe('letter-key-unknown');
  const relabelled = Uint8Array.from(sealed(key));
  relabelled[0] = 1;
  expect(codeOf(() => sealerOf(key).open(relabelled))).toBe('letter-damaged');
});

test('what was sealed and is no row is told without a word of it', () => {
  const key = newKey();
  const open = () => sealerOf(key).open(formerlySealed(key, 'planted-canary'));
  expect(codeOf(open)).toBe('letter-damaged');
  expect(open).not.toThrow(/planted/);
});

test('a key is not seen where it is printed', () => {
  const key = readSealingKey(new SecretText('ab'.repeat(32)));
  const seen = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key);
  expect(seen).not.toMatch(/(ab ?){4}|q6ur/);
});

test('what was changed by a single bit anywhere is not opened', () => {
  const key = newKey();
  const bytes = sealed(key);
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Uint8Array.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(codeOf(() => sealerOf(key).open(changed))).toMatch(/^letter-(damaged|key-unknown)$/);
  }
  expect(codeOf(() => sealerOf(key).open(bytes.subarray(0, 20)))).toBe('letter-damaged');
  expect(codeOf(() => sealerOf(key).open(bytes.subarray(0, bytes.length - 1)))).toBe('letter-damaged');
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
  const sealer = sealerOf(newKey());
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
