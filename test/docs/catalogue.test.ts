import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { catalogue } from '../../src/protocol/errors/catalogue.ts';

test('every code of the catalogue is used: a page about an error that nobody can meet misleads', async () => {
  const files = await Array.fromAsync(glob('src/**/*.ts', { exclude: ['src/protocol/errors/**'] }));
  const sources = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const all = sources.join('\n');
  const unused = Object.keys(catalogue).filter((code) => !all.includes(`'${code}'`));
  expect(unused).toEqual([]);
});
