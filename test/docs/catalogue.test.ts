import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { catalogue } from '../../src/protocol/errors/catalogue.ts';
import type { CatalogueEntry } from '../../src/protocol/errors/entry.ts';

const sources = async (): Promise<string> => {
  const files = await Array.fromAsync(glob('src/**/*.ts', { exclude: ['src/protocol/errors/**'] }));
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
};

test('every code of the catalogue is used: a page about an error that nobody can meet misleads', async () => {
  const all = await sources();
  const unused = Object.keys(catalogue).filter((code) => !all.includes(`'${code}'`));
  expect(unused).toEqual([]);
});

// That a code with a level is told with that level and no other is the compiler's to see.
test('a code that is only ever told as a warning or an info has a level, and one with a level is never thrown', async () => {
  const all = await sources();
  const uses = (code: string): number => all.split(`'${code}'`).length - 1;
  const told = (code: string): number =>
    all.match(new RegExp(`finding\\(\\s*\\{ level: '(?:info|warning)',[^}]*\\},\\s*'${code}'`, 'g'))
      ?.length ?? 0;
  const codes = entries().filter(([code, { level }]) => level === undefined && told(code) === uses(code));
  expect(codes.map(([code]) => code)).toEqual([]);
  const thrown = entries().filter(
    ([code, { level }]) => level !== undefined && new RegExp(`LockstepError\\(\\s*'${code}'`).test(all),
  );
  expect(thrown.map(([code]) => code)).toEqual([]);
});

const entries = (): readonly [string, CatalogueEntry][] => Object.entries(catalogue);
