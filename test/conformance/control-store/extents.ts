import { describe, expect, test } from 'vitest';
import { collectKeys, leaseOn, type OpenStore, pagesOf, pipeline } from './store-under-test.ts';

/** Hard to compress, so that an index can't make it short. */
const longText = (length: number): string =>
  Array.from({ length }, (_, n) => String.fromCharCode(0x4e00 + ((n * 7919 + n * n * 31) % 20_000))).join('');

const letter = (key: string, message = 'm') => ({
  collection: 'users',
  key,
  code: 'value-refused' as const,
  message,
  failedAtMs: 1000,
});

export function extentConformance(open: OpenStore): void {
  describe('names, keys and numbers of any extent', () => {
    test('keys that are longer than an index takes are told apart', async () => {
      await using under = await open();
      const { store } = under;
      const { fence } = await leaseOn(store);
      const by = { pipeline, fence };
      const start = longText(9_000);
      const [one, two] = [`["${start}1"]`, `["${start}2"]`];
      await store.deadLetters.put(by, [letter(one), letter(two), letter(one)], 10);
      expect(await store.deadLetters.having(pipeline, 'users', [one, `["${start}3"]`])).toEqual(
        new Set([one]),
      );
      expect(await store.deadLetters.resolve(by, 'users', [two])).toBe(1);
      const guard = { collection: 'users', leaving: 2, total: 3, samples: [one], raisedAtMs: 1 };
      await store.guards.raise(by, guard, pagesOf([one, two]));
      await store.guards.extend(by, 'users', [two, 'short']);
      expect(await store.guards.holding(pipeline, 'users', [two, 'other'])).toEqual(new Set([two]));
      expect(await collectKeys(store.guards.keys(pipeline, 'users'))).toEqual([one, two, 'short']);
      const names = [`${start}b`, `${start}a`];
      await store.checkpoints.save(
        by,
        names.map((name) => ({ space: 's', name, value: name })),
      );
      expect((await store.checkpoints.list(pipeline, 's')).map(({ name }) => name)).toEqual(
        names.toReversed(),
      );
    });

    test('a key that fails twice in one call has failed twice', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      await under.store.deadLetters.put(
        { pipeline, fence },
        [letter('a'), letter('b'), letter('a', 'newer')],
        10,
      );
      const found = await under.store.deadLetters.list(pipeline, { limit: 10 });
      expect(found.map(({ key, attempts, message }) => [key, attempts, message])).toEqual([
        ['a', 2, 'newer'],
        ['b', 1, 'm'],
      ]);
    });

    test('of an entry that is saved twice in one call the last one counts', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const entry = (name: string, value: number | undefined) => ({ space: 's', name, value });
      await under.store.checkpoints.save({ pipeline, fence }, [
        entry('a', 1),
        entry('b', undefined),
        entry('a', 2),
        entry('b', 3),
        entry('c', 4),
        entry('c', undefined),
      ]);
      expect(await under.store.checkpoints.list(pipeline, 's')).toEqual([
        { name: 'a', value: 2 },
        { name: 'b', value: 3 },
      ]);
    });

    test('nothing at all is saved, put and resolved without complaint', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const by = { pipeline, fence };
      await under.store.checkpoints.save(by, []);
      expect(await under.store.deadLetters.put(by, [], 0)).toEqual({ full: false });
      expect(await under.store.deadLetters.having(pipeline, 'users', [])).toEqual(new Set());
    });

    test('many letters keep their order, and pages of any size find all of them', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const keys = Array.from({ length: 2_500 }, (_, n) => `["${n}"]`);
      await under.store.deadLetters.put(
        { pipeline, fence },
        keys.map((key) => letter(key)),
        5_000,
      );
      const found: string[] = [];
      for (let afterId = 0; ; ) {
        const page = await under.store.deadLetters.list(pipeline, { afterId, limit: 700 });
        found.push(...page.map(({ key }) => key));
        afterId = page.at(-1)?.id ?? 0;
        if (page.length < 700) break;
      }
      expect(found).toEqual(keys);
    });

    test('letters and spaces of any language, and what would be SQL, stay as they are', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const texts = [`'; DROP TABLE leases; --`, '%_\\', 'ß Ä é 漢字 🙂', '"quoted"', '$1', '{a,b}', ' '];
      for (const text of texts) {
        await under.store.requests.setPaused(pipeline, { sinceMs: 1, reason: text });
        expect((await under.store.requests.paused(pipeline))?.reason).toBe(text);
        await under.store.checkpoints.save({ pipeline, fence }, [{ space: text, name: text, value: text }]);
        expect(await under.store.checkpoints.list(pipeline, text)).toEqual([{ name: text, value: text }]);
      }
      await under.store.deadLetters.put(
        { pipeline, fence },
        texts.map((text) => letter(text, text)),
        10,
      );
      const found = await under.store.deadLetters.list(pipeline, { limit: 10 });
      expect(found.map(({ key, message }) => [key, message])).toEqual(texts.map((text) => [text, text]));
    });
  });
}
