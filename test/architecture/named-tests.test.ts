import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readSources } from './gate/sources.ts';

/** A table of promises, each with the tests that name it in their titles. */
interface Promises {
  readonly page: string;
  /** Of the first cell of a row. */
  readonly row: RegExp;
  readonly names: (title: string) => readonly string[];
  readonly count: number;
}

const promises: readonly Promises[] = [
  {
    page: 'docs/concepts/guarantees.md',
    row: /^\| (\d+) \|.*\|$/gm,
    names: (title) =>
      [...title.matchAll(/\brules? ((?:\d+(?:, )?)+)/g)].flatMap(([, all = '']) => all.match(/\d+/g) ?? []),
    count: 11,
  },
  {
    page: 'src/engine/pipeline/SPEC.md',
    row: /^\| (L\d+) .*\|$/gm,
    names: (title) => title.match(/\bL\d+\b/g) ?? [],
    count: 7,
  },
];

/** What stands in brackets at the end of a title: one rule, several, rules and invariants. */
const marks = /\((?:rules? \d|L\d)[^()\n]*\)['"`]/g;

describe.each(promises)('$page', ({ page, row, names, count }) => {
  test('each promise is named by the tests beside it, and by no others', async () => {
    const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
    const promised = [...text.matchAll(row)].flatMap(([line, name = '']) =>
      [...line.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => `${name} ${file}`),
    );
    const sources = await readSources('test');
    const named = [...sources].flatMap(([file, source]) =>
      [...source.matchAll(marks)].flatMap(([title]) => names(title)).map((name) => `${name} ${file}`),
    );
    expect([...new Set(named)].toSorted()).toEqual([...new Set(promised)].toSorted());
    expect(new Set([...text.matchAll(row)].map(([, name]) => name)).size).toBe(count);
  });
});
