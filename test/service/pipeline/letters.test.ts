import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { SecretText } from '../../../src/index.ts';
import { createSealer } from '../../../src/service/letters/seal.ts';
import { Keyring } from '../../../src/store/secrets/keyring.ts';
import { readSealingKey } from '../../../src/store/secrets/sealing-key.ts';
import { leaseOn, letter, newKey, openEngineUnderTest, putLetters } from './fixture.ts';

function sealerOf(text: string) {
  const key = readSealingKey(new SecretText(text));
  if ('fault' in key) throw new Error(key.fault);
  return createSealer(Keyring.of([key]));
}

test('letters are listed page by page, without rows', async () => {
  await using under = await openEngineUnderTest();
  const keys = ['["1"]', '["2"]', '["3"]'];
  const letters = [
    ...keys.map((key) => letter(key)),
    letter('["9"]', { collection: 'lines', state: 'deferred' }),
  ];
  const ids = await putLetters(under.store, letters);
  const first = await under.engine.letters('shop', { limit: 2 });
  expect(first).toMatchObject({ pipeline: 'shop', next: ids[1] });
  expect(first.letters[0]).toEqual({
    id: ids[0],
    collection: 'orders',
    key: '["1"]',
    code: 'value-refused',
    message: 'too long',
    state: 'parked',
    attempts: 1,
    firstFailedAtMs: 1000,
    lastFailedAtMs: 1000,
  });
  const second = await under.engine.letters('shop', { limit: 2, afterId: first.next ?? 0 });
  expect([second.letters.map(({ key }) => key), second.next]).toEqual([['["3"]', '["9"]'], null]);
  expect((await under.engine.letters('shop', { collection: 'lines' })).letters).toHaveLength(1);
});

test('a letter’s row is shown with the configured key, and withheld without it', async () => {
  const [key, newer] = [newKey(), newKey()];
  const row = { id: 7n, name: 'Ada', at: new Date(0), raw: new Uint8Array([1, 255]), tags: [1n, null] };
  const shown = { id: '7', name: 'Ada', at: '1970-01-01T00:00:00.000Z', raw: '\\x01ff', tags: ['1', null] };
  const cases = [
    { keys: [key], sealedBy: key, row: shown, withheld: null },
    { keys: [newer, key], sealedBy: key, row: shown, withheld: null },
    { keys: [newer], sealedBy: key, row: null, withheld: /^letter-key-unknown: .*key id [0-9a-f]{16}/ },
    { keys: [], sealedBy: key, row: null, withheld: /^letter-key-unknown/ },
    { keys: [key], sealedBy: null, row: null, withheld: /was not kept/ },
  ];
  for (const { keys, sealedBy, row: expected, withheld } of cases) {
    await using under = await openEngineUnderTest({ keys });
    const sealed =
      sealedBy === null
        ? null
        : sealerOf(sealedBy).seal(row, { pipeline: 'shop', collection: 'orders', key: '["7"]' });
    const [id = 0] = await putLetters(under.store, [letter('["7"]', { sealed })]);
    const found = await under.engine.letter('shop', id);
    expect(found.row).toEqual(expected);
    if (withheld === null) expect(found.withheld).toBeNull();
    else expect(found.withheld).toMatch(withheld);
    expect((await readFile(under.file)).includes('Ada')).toBe(false);
  }
});

test('a number that is not there is told, all of them at once', async () => {
  await using under = await openEngineUnderTest();
  const [id = 0] = await putLetters(under.store, [letter('["1"]')]);
  await expect(under.engine.letter('shop', id + 1)).rejects.toMatchObject({ code: 'letter-unknown' });
  const discarding = under.engine.discard('shop', { letters: [id, id + 1, id + 2] });
  await expect(discarding).rejects.toMatchObject({
    message: expect.stringContaining(`${id + 1}, ${id + 2}`),
  });
  expect(await under.store.deadLetters.count('shop')).toBe(1);
});

test('without an engine letters are discarded here: some, of a collection, or all that are parked', async () => {
  await using under = await openEngineUnderTest();
  const letters = ['a', 'b', 'c'].map((key) => letter(key));
  const ids = await putLetters(under.store, [
    ...letters,
    letter('x', { collection: 'lines' }),
    letter('y', { collection: 'lines', state: 'deferred' }),
  ]);
  let resolved = 0;
  under.engine.events.on('dead-letter.resolved', ({ count }) => {
    resolved += count;
  });
  const left = async () =>
    (await under.engine.letters('shop')).letters.map(({ key, state }) => `${key} ${state}`);
  expect(await under.engine.discard('shop', { letters: [ids[1] ?? 0] })).toEqual({
    pipeline: 'shop',
    discarded: 1,
    request: null,
  });
  expect(await under.engine.discard('shop', { collection: 'lines' })).toMatchObject({ discarded: 1 });
  expect(await left()).toEqual(['a parked', 'c parked', 'y deferred']);
  expect(await under.engine.discard('shop')).toMatchObject({ discarded: 2 });
  expect([await left(), resolved]).toEqual([['y deferred'], 4]);
});

test('of a pipeline that is not live letters are discarded too, and replaying says why not', async () => {
  await using under = await openEngineUnderTest();
  await putLetters(under.store, [letter('a')], 'stock');
  await expect(under.engine.replay('stock')).rejects.toMatchObject({
    code: 'pipeline-not-live',
    exitCode: 3,
  });
  expect(await under.engine.discard('stock')).toMatchObject({ discarded: 1 });
});

test('while an engine runs it is asked to discard', async () => {
  await using under = await openEngineUnderTest();
  const [id = 0] = await putLetters(under.store, [letter('a')]);
  await leaseOn(under.store);
  const result = await under.engine.discard('shop', { letters: [id], wait: false });
  expect(result).toMatchObject({
    discarded: null,
    request: { kind: 'discard', state: 'waiting', engineRuns: true },
  });
  expect(await under.store.requests.open('shop')).toMatchObject([
    { kind: 'discard', detail: { letters: [id], collection: null } },
  ]);
  expect(await under.store.deadLetters.count('shop')).toBe(1);
});
