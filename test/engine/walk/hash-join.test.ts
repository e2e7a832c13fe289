import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinHashes, type Suspects } from '../../../src/engine/walk/hash-join.ts';
import type { HashedKey } from '../../../src/protocol/digest.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lockstep-join-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

type Side = ReadonlyMap<string, bigint>;

const rowsOf = (side: Side): readonly HashedKey[] => [...side].map(([key, hash]) => ({ key, hash }));

async function* batches(rows: readonly HashedKey[], length: number): AsyncIterable<readonly HashedKey[]> {
  for (let at = 0; at < rows.length; at += length) yield rows.slice(at, at + length);
}

async function join2(source: Side, target: Side, memoryRows: number): Promise<Suspects> {
  const { groups: _, ...found } = await joinRows(rowsOf(source), rowsOf(target), memoryRows);
  return found;
}

async function joinRows(
  source: readonly HashedKey[],
  target: readonly HashedKey[],
  memoryRows: number,
): Promise<Suspects & { readonly groups: readonly number[] }> {
  const estimatedRows = Math.max(source.length, target.length);
  const options = {
    estimatedRows,
    memoryRows,
    spillDirectory: directory,
    signal: new AbortController().signal,
  };
  const found = { missing: [] as string[], extra: [] as string[], different: [] as string[] };
  const groups: number[] = [];
  for await (const part of joinHashes(batches(source, 7), batches(target, 5), options)) {
    found.missing.push(...part.missing);
    found.extra.push(...part.extra);
    found.different.push(...part.different);
    groups.push(...part.groups);
  }
  return {
    groups,
    missing: found.missing.toSorted(),
    extra: found.extra.toSorted(),
    different: found.different.toSorted(),
  };
}

function model(source: Side, target: Side): Suspects {
  return {
    missing: [...source.keys()].filter((key) => !target.has(key)).toSorted(),
    extra: [...target.keys()].filter((key) => !source.has(key)).toSorted(),
    different: [...source.keys()]
      .filter((key) => target.has(key) && target.get(key) !== source.get(key))
      .toSorted(),
  };
}

const sides = fc
  .array(
    fc.tuple(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
    { maxLength: 60 },
  )
  .map((rows): Side => new Map(rows));

describe('joining hashes of two sides', () => {
  it('finds exactly what a model finds, in memory and through buckets', async () => {
    await fc.assert(
      fc.asyncProperty(sides, sides, fc.integer({ min: 1, max: 100 }), async (source, target, memoryRows) => {
        expect(await join2(source, target, memoryRows)).toEqual(model(source, target));
      }),
      { numRuns: 200 },
    );
  });

  it('holds a key that several rows of the source have for a suspect, whichever of them the target has', async () => {
    const rows = fc.array(fc.record({ key: fc.string({ maxLength: 2 }), hash: fc.bigInt(0n, 2n) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 50 }), async (source, memoryRows) => {
        // The target has the last row of each key, as if it had been written over the others.
        const target = rowsOf(new Map(source.map(({ key, hash }) => [key, hash])));
        const byKey = Map.groupBy(source, ({ key }) => key);
        const repeated = [...byKey].filter(([, same]) => same.length > 1).map(([key]) => key);
        expect(await joinRows(source, target, memoryRows)).toMatchObject({
          missing: [],
          extra: [],
          different: repeated.toSorted(),
        });
        const missing = [...byKey.keys()].toSorted();
        expect(await joinRows(source, [], memoryRows)).toMatchObject({ missing, extra: [], different: [] });
      }),
      { numRuns: 200 },
    );
  });

  it('names the groups of such keys, so that they are not taken for equal', async () => {
    const source = [
      { key: 'a', hash: 1n },
      { key: 'b', hash: 2n },
      { key: 'a', hash: 1n },
    ];
    const target = [
      { key: 'a', hash: 1n, group: 7 },
      { key: 'b', hash: 2n, group: 8 },
    ];
    expect((await joinRows(source, target, 10)).groups).toEqual([7]);
  });

  it('spills far more rows than it holds and leaves no file behind', async () => {
    const source = new Map(Array.from({ length: 120_000 }, (_, index) => [`["${index}"]`, BigInt(index)]));
    const target = new Map(source);
    target.delete('["7"]');
    target.set('["stranger"]', 1n);
    target.set('["99"]', -1n);
    expect(await join2(source, target, 2_000)).toEqual({
      missing: ['["7"]'],
      extra: ['["stranger"]'],
      different: ['["99"]'],
    });
    expect(await readdir(directory)).toEqual([]);
  });
});
