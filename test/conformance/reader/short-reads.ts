import { describe, expect, it } from 'vitest';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { countOf, never, type ReaderSuite, whole } from './reader-under-test.ts';

/** At about a kilobyte each, far more than a connection holds while nobody reads. */
const count = 8_000;

export function shortReadConformance({
  setUp,
  selection,
  keyColumn,
  key,
  collection,
  formats,
}: ReaderSuite): void {
  describe('short reads', () => {
    it.each(formats)(
      'a connection that ends in the middle of $format is an error, never an end',
      async (way) => {
        await using under = await setUp();
        await under.fill(1, count);
        await using proxy = await startFaultProxy(under.url);
        await using reader = await under.openReader(proxy.url(under.url));
        await using snapshot = await reader.snapshot({ signal: never });
        // Behind the first of several answers: that one may be asked for again as a whole.
        const cut = proxy.cutAfter(5_000_000, { direction: 'toClient' });
        let rows = 0;
        const reading = async (): Promise<void> => {
          for await (const chunk of snapshot.read(collection, whole, { ...way, signal: never }))
            rows += countOf(chunk);
        };
        await expect(reading()).rejects.toThrow(LockstepError);
        await cut;
        expect(rows).toBeLessThan(count);
      },
    );

    it('a lookup whose connection ends is an error, and no key is absent for it', async () => {
      await using under = await setUp();
      await under.fill(1, 2_000);
      await using proxy = await startFaultProxy(under.url);
      await using reader = await under.openReader(proxy.url(under.url));
      await using snapshot = await reader.snapshot({ signal: never });
      const asked = Array.from({ length: 2_000 }, (_, index) => key(index + 1));
      const options = { selection, keyColumns: [keyColumn], notBefore: null, signal: never };
      const cut = proxy.cutAfter(500_000, { direction: 'toClient' });
      const outcome = await snapshot.lookup(collection, asked, options).then(
        (found) => [...found.values()].filter((row) => row === null).length,
        (thrown: unknown) => thrown,
      );
      await cut;
      // A reader may ask again by itself; then it has all of them.
      if (outcome !== 0) expect(outcome).toBeInstanceOf(LockstepError);
    });

    it.each(formats)(
      'a read of $format that is called off in the middle is an error, never an end',
      async (way) => {
        await using under = await setUp();
        await under.fill(1, count);
        await using reader = await under.openReader();
        await using snapshot = await reader.snapshot({ signal: never });
        const stop = new AbortController();
        let rows = 0;
        const reading = async (): Promise<void> => {
          for await (const chunk of snapshot.read(collection, whole, { ...way, signal: stop.signal })) {
            rows += countOf(chunk);
            stop.abort();
          }
        };
        await expect(reading()).rejects.toThrow();
        expect(rows).toBeLessThan(count);
      },
    );
  });
}
