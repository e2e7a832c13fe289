import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinInOrder } from '../../../src/engine/walk/ordered-join.ts';
import type { HashPage } from '../../../src/protocol/digest.ts';

interface Row {
  readonly key: number;
  readonly hash: number;
}

/** A page over rows in memory, whose keys are numbers. */
class ArrayPage implements HashPage {
  readonly #rows: readonly Row[];
  #at = 0;

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
  }

  get atEnd(): boolean {
    return this.#at >= this.#rows.length;
  }

  takeCommon(other: HashPage): number {
    const start = this.#at;
    const theirs = other as ArrayPage;
    while (!this.atEnd && !theirs.atEnd && sameRow(this.#next(), theirs.#next())) {
      this.#at += 1;
      theirs.#at += 1;
    }
    return this.#at - start;
  }

  compareKeys(other: HashPage): number {
    return this.#next().key - (other as ArrayPage).#next().key;
  }

  take(): string {
    const { key } = this.#next();
    this.#at += 1;
    return String(key);
  }

  #next(): Row {
    const row = this.#rows[this.#at];
    if (row === undefined) throw new Error('beyond the end');
    return row;
  }
}

const sameRow = (a: Row, b: Row): boolean => a.key === b.key && a.hash === b.hash;

async function* pages(rows: readonly Row[], length: number): AsyncIterable<HashPage> {
  for (let at = 0; at < rows.length; at += length) yield new ArrayPage(rows.slice(at, at + length));
}

interface Joining {
  readonly source: readonly Row[];
  readonly target: readonly Row[];
  readonly lengths: readonly [number, number];
  readonly atOnce: number;
}

async function join({ source, target, lengths, atOnce }: Joining) {
  const found = { missing: [] as string[], extra: [] as string[], different: [] as string[], parts: 0 };
  let rows = { source: -1, target: -1 };
  const options = {
    suspectsAtOnce: atOnce,
    signal: new AbortController().signal,
    onEnd: (both: typeof rows) => {
      rows = both;
    },
  };
  for await (const part of joinInOrder(pages(source, lengths[0]), pages(target, lengths[1]), options)) {
    expect(part.missing.length + part.extra.length + part.different.length).toBeLessThanOrEqual(atOnce);
    found.missing.push(...part.missing);
    found.extra.push(...part.extra);
    found.different.push(...part.different);
    found.parts += 1;
  }
  return { found, rows };
}

const sides = fc
  .uniqueArray(fc.tuple(fc.nat(60), fc.nat(2)), { selector: ([key]) => key, maxLength: 50 })
  .map((rows): readonly Row[] =>
    rows.map(([key, hash]) => ({ key, hash })).toSorted((a, b) => a.key - b.key),
  );
const length = fc.integer({ min: 1, max: 9 });
const joinings = fc.record({
  source: sides,
  target: sides,
  lengths: fc.tuple(length, length),
  atOnce: fc.integer({ min: 1, max: 20 }),
});

const hashesOf = (rows: readonly Row[]) => new Map(rows.map(({ key, hash }) => [key, hash]));

function model(source: readonly Row[], target: readonly Row[]) {
  const [here, there] = [hashesOf(source), hashesOf(target)];
  const texts = (rows: readonly Row[]) => rows.map(({ key }) => String(key));
  return {
    missing: texts(source.filter(({ key }) => !there.has(key))),
    extra: texts(target.filter(({ key }) => !here.has(key))),
    different: texts(source.filter(({ key, hash }) => there.has(key) && there.get(key) !== hash)),
  };
}

describe('joining two sides of one order', () => {
  it('finds exactly what a model finds, however the pages are cut, and counts both sides', async () => {
    await fc.assert(
      fc.asyncProperty(joinings, async (joining) => {
        const { source, target } = joining;
        const { found, rows } = await join(joining);
        expect(found).toMatchObject(model(source, target));
        expect(rows).toEqual({ source: source.length, target: target.length });
      }),
      { numRuns: 500 },
    );
  });

  it('hides no difference where the order is another than both sides were thought to have', async () => {
    const shuffled = joinings.chain((joining) =>
      fc
        .tuple(
          fc.shuffledSubarray([...joining.source], { minLength: joining.source.length }),
          fc.shuffledSubarray([...joining.target], { minLength: joining.target.length }),
        )
        .map(([source, target]) => ({ ...joining, source, target })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async (joining) => {
        const { found } = await join(joining);
        const suspects = new Set([...found.missing, ...found.extra, ...found.different]);
        for (const keys of Object.values(model(joining.source, joining.target)))
          for (const key of keys) expect(suspects).toContain(key);
      }),
      { numRuns: 300 },
    );
  });

  it('holds a key that several rows of the source have for a suspect, whichever of them the target has', async () => {
    const repeating = fc
      .array(fc.tuple(fc.nat(20), fc.nat(2)), { maxLength: 40 })
      .map((rows): readonly Row[] =>
        rows.map(([key, hash]) => ({ key, hash })).toSorted((a, b) => a.key - b.key),
      );
    const options = fc.record({ lengths: fc.tuple(length, length), atOnce: fc.integer({ min: 1, max: 20 }) });
    await fc.assert(
      fc.asyncProperty(repeating, fc.nat(5), options, async (source, which, { lengths, atOnce }) => {
        const byKey = Map.groupBy(source, ({ key }) => key);
        const target = [...byKey.values()].flatMap((same) => same[which % same.length] ?? []);
        const { found } = await join({ source, target, lengths, atOnce });
        const repeated = [...byKey].filter(([, same]) => same.length > 1).map(([key]) => String(key));
        expect(found.extra).toEqual([]);
        expect(new Set([...found.missing, ...found.different])).toEqual(new Set(repeated));
      }),
      { numRuns: 500 },
    );
  });

  it('ends the reads of both sides when whoever asked stops early', async () => {
    const ended: string[] = [];
    async function* endless(name: string): AsyncIterable<HashPage> {
      try {
        for (let key = 0; ; key += 1) yield new ArrayPage([{ key, hash: name.length }]);
      } finally {
        ended.push(name);
      }
    }
    const options = { suspectsAtOnce: 3, signal: new AbortController().signal, onEnd: () => undefined };
    for await (const part of joinInOrder(endless('here'), endless('there'), options)) {
      expect(part.different).toHaveLength(3);
      break;
    }
    expect(ended.toSorted()).toEqual(['here', 'there']);
  });
});
