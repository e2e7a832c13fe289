import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/recipes/user-table/errors/entry.ts';
import { Journal } from '../../../src/recipes/user-table/errors/journal.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const entry = (message: string): Entry => ({
  kind: 'failed',
  type: 'POOL_ERROR',
  userId: null,
  message,
  stack: null,
  data: {},
  atMs: 0,
});

const messages = (journal: Journal): readonly string[] =>
  journal
    .take()
    .flatMap((file) => journal.read(file))
    .map((each) => (each.kind === 'failed' ? each.message : each.kind));

const bytesOf = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

test('UT-32 what waits is taken in order, and once it is sent it is gone', async () => {
  await using directory = await temporaryDirectory();
  const journal = new Journal(directory.path);
  expect(journal.take()).toEqual([]);
  journal.append(entry('first'));
  journal.append({ kind: 'resolved', types: ['POOL_ERROR'], userIds: null });
  expect(messages(journal)).toEqual(['first', 'resolved']);
  for (const file of journal.take()) journal.sent(file);
  expect(journal.take()).toEqual([]);
});

test('UT-32 while nothing can be sent, however often it is tried, the files stay few and small, and what does not fit is counted', async () => {
  await using directory = await temporaryDirectory();
  const mostBytes = 10_000;
  const journal = new Journal(directory.path, { mostBytes });
  for (let tries = 0; tries < 200; tries += 1) {
    for (let each = 0; each < 10; each += 1) journal.append(entry(`${tries} ${each}`));
    expect(journal.take()).toHaveLength(1);
  }
  expect(readdirSync(directory.path)).toHaveLength(2);
  expect(bytesOf(directory.path)).toBeLessThan(2 * mostBytes + 1_000);
  const [taken] = journal.take();
  if (taken === undefined) throw new Error('one is being sent');
  const sent = journal.read(taken).length;
  journal.sent(taken);
  expect(sent + messages(journal).length + journal.takeDropped()).toBe(2_000);
  expect(journal.takeDropped()).toBe(0);
});

test('UT-32 what a process that is gone was sending comes before what waits, and does not pile up over restarts', async () => {
  await using directory = await temporaryDirectory();
  const journal = new Journal(directory.path);
  // No process has such a number.
  const left = `sync-errors.1.${2 ** 30}.sending`;
  writeFileSync(join(directory.path, left), `${JSON.stringify(entry('of who is gone'))}\n{"kind":"fai`);
  journal.append(entry('ours'));
  expect(messages(journal)).toEqual(['of who is gone']);
  expect(messages(new Journal(directory.path))).toEqual(['of who is gone']);
  for (const file of journal.take()) journal.sent(file);
  expect(messages(journal)).toEqual(['ours']);
});

test('UT-32 what is set aside is kept, in one file of a limited size, and is not taken again', async () => {
  await using directory = await temporaryDirectory();
  const mostBytes = 10_000;
  const journal = new Journal(directory.path, { mostBytes });
  for (let each = 0; each < 1_000; each += 1) journal.setAside([entry('refused')]);
  const { file } = journal.setAside([entry('refused')]);
  expect(journal.take()).toEqual([]);
  expect(journal.read(file)[0]).toEqual(entry('refused'));
  expect(bytesOf(directory.path)).toBeLessThan(mostBytes + 1_000);
});
