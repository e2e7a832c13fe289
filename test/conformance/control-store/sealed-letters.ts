import { describe, expect, test } from 'vitest';
import type { ControlStore, LetterId } from '../../../src/protocol/control-store.ts';
import { sealedHeadBytes } from '../../../src/protocol/control-store.ts';
import { leaseOn, type OpenStore, pipeline } from './store-under-test.ts';

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.padEnd(40, '.')));

async function put(store: ControlStore, name: string, rows: Readonly<Record<string, Uint8Array | null>>) {
  const { fence } = await leaseOn(store, 'node-a', name);
  const letters = Object.entries(rows).map(([key, sealed]) => ({
    collection: 'users',
    key,
    code: 'value-refused' as const,
    message: 'too long',
    failedAtMs: 1000,
    sealed,
  }));
  await store.deadLetters.put({ pipeline: name, fence }, letters, 1000);
  const listed = await store.deadLetters.list(name, { limit: 1000 });
  return new Map(listed.map(({ key, id }) => [key, { pipeline: name, id }] as const));
}

const sealedOf = async (store: ControlStore, { pipeline: name, id }: LetterId) =>
  Buffer.from((await store.deadLetters.get(name, id))?.sealed ?? []).toString();

export function sealedLetterConformance(open: OpenStore): void {
  describe('sealed letters', () => {
    listing(open);
    resealing(open);
  });
}

function listing(open: OpenStore): void {
  test('those of every pipeline are listed in order and page by page, without their rows', async () => {
    await using under = await open();
    const { store } = under;
    await put(store, pipeline, { a: bytesOf('a'), none: null, b: bytesOf('b'), c: new Uint8Array([7]) });
    await put(store, 'crm', { x: bytesOf('x') });
    const all = await store.deadLetters.listSealed({ limit: 10 });
    const shown = all.map(({ pipeline: name, head }) => [name, Buffer.from(head).toString('latin1')]);
    const headOf = (text: string) => text.padEnd(sealedHeadBytes, '.');
    expect(shown).toEqual([
      ['crm', headOf('x')],
      [pipeline, headOf('a')],
      [pipeline, headOf('b')],
      [pipeline, '\u0007'],
    ]);
    const paged: (typeof all)[number][] = [];
    for (let after: LetterId | undefined; ; ) {
      const page = await store.deadLetters.listSealed({
        limit: 1,
        ...(after === undefined ? {} : { after }),
      });
      if (page.length === 0) break;
      paged.push(...page);
      after = page.at(-1);
    }
    expect(paged).toEqual(all);
  });
}

function resealing(open: OpenStore): void {
  test('a row is sealed anew where it is still the one that was read, durable on return', async () => {
    await using under = await open();
    const { store } = under;
    const ids = await put(store, pipeline, { a: bytesOf('a'), b: bytesOf('b'), c: bytesOf('c') });
    const [a, b, c] = ['a', 'b', 'c'].map((key) => ids.get(key));
    if (a === undefined || b === undefined || c === undefined) throw new Error('a letter is missing');
    const newer = await leaseOn(store);
    await store.deadLetters.resolve({ pipeline, fence: newer.fence }, 'users', ['c']);
    await put(store, pipeline, { b: bytesOf('newer b') });
    const count = await store.deadLetters.reseal([
      { ...a, was: bytesOf('a'), sealed: bytesOf('anew a') },
      { ...b, was: bytesOf('b'), sealed: bytesOf('anew b') },
      { ...c, was: bytesOf('c'), sealed: bytesOf('anew c') },
    ]);
    expect(count).toBe(1);
    const other = await under.reopen();
    expect(await sealedOf(other, a)).toMatch(/^anew a/);
    expect(await sealedOf(other, b)).toMatch(/^newer b/);
    expect(await other.deadLetters.get(pipeline, c.id)).toBeNull();
  });

  test('nothing else of the letter changes, whoever owns the pipeline', async () => {
    await using under = await open();
    const { store } = under;
    const a = (await put(store, pipeline, { a: bytesOf('a') })).get('a');
    if (a === undefined) throw new Error('the letter is missing');
    const before = await store.deadLetters.get(pipeline, a.id);
    await leaseOn(store, 'node-a');
    await store.deadLetters.reseal([{ ...a, was: bytesOf('a'), sealed: bytesOf('z') }]);
    expect(await store.deadLetters.get(pipeline, a.id)).toEqual({ ...before, sealed: bytesOf('z') });
    expect(await store.deadLetters.newest(pipeline)).toBe(a.id);
    expect(await store.deadLetters.reseal([])).toBe(0);
  });

  test('the letter of another pipeline with that number stays as it is', async () => {
    await using under = await open();
    const { store } = under;
    const a = (await put(store, pipeline, { a: bytesOf('a') })).get('a');
    if (a === undefined) throw new Error('the letter is missing');
    const change = { pipeline: 'crm', id: a.id, was: bytesOf('a'), sealed: bytesOf('z') };
    expect(await store.deadLetters.reseal([change])).toBe(0);
    expect(await sealedOf(store, a)).toMatch(/^a/);
  });
}
