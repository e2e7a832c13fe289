import { expect, test } from 'vitest';
import { withoutComments } from './gate/scan-imports.ts';
import { readSources } from './gate/sources.ts';

const longest = 400;
const folders = ['src', 'test', 'bench', 'tools'] as const;

/** Where a line may go to the terminal directly: the CLI's renderer and what is never shipped. */
const mayPrint = /^(src\/cli|scripts|tools|bench|test)\//;

const vagueNames = /^(utils?|helpers?|common|misc|.*manager)\b/i;

test(`no file has more than ${longest} lines`, async () => {
  const sources = await readSources(...folders);
  const tooLong = [...sources].map(([file, source]) => [file, source.split('\n').length - 1] as const);
  expect(tooLong.filter(([, lines]) => lines > longest)).toEqual([]);
});

test('nothing but the command line prints to the console', async () => {
  const sources = await readSources(...folders, 'scripts', 'bin');
  const printing = [...sources].filter(
    ([file, source]) => !mayPrint.test(file) && /\bconsole\s*\./.test(withoutComments(source)),
  );
  expect(printing.map(([file]) => file)).toEqual([]);
});

test('nothing but the command line ends the process', async () => {
  const sources = await readSources('src');
  const ending = [...sources].filter(
    ([file, source]) =>
      !file.startsWith('src/cli/') && /\bprocess\s*\.\s*exit\s*\(/.test(withoutComments(source)),
  );
  expect(ending.map(([file]) => file)).toEqual([]);
});

test('no file or folder has a name that says nothing', async () => {
  const sources = await readSources(...folders);
  const vague = [...sources.keys()].filter((file) => file.split('/').some((part) => vagueNames.test(part)));
  expect(vague).toEqual([]);
});
