import { access, mkdtempDisposable, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withLock } from '../../scripts/launcher/lock.mjs';
import { startChild } from '../support/child.ts';

const script = fileURLToPath(new URL('./hold-lock.ts', import.meta.url));

test('of two processes the second waits until the first gives the lock back', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'lockstep-lock-'));
  const file = join(folder.path, 'deep', 'a.lock');
  await using first = startChild({ file: script, args: [file, 'first'] });
  await first.waitForLine('first has it');
  await using second = startChild({ file: script, args: [file, 'second'] });
  await second.waitForLine('second waits');
  expect(second.stdout).not.toContain('has it');
  first.write('go\n');
  await second.waitForLine('second has it');
  expect((await first.ended).stdout).toContain('gives it back');
  second.write('go\n');
  expect((await second.ended).code).toBe(0);
  await expect(access(file)).rejects.toThrow(/ENOENT/);
});

test('the lock of a process that was killed is taken over', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'lockstep-lock-'));
  const file = join(folder.path, 'a.lock');
  await using first = startChild({ file: script, args: [file, 'first'] });
  await first.waitForLine('first has it');
  await first.kill();
  expect(await withLock(file, () => 'mine')).toBe('mine');
});

test('the lock of a live process id that nobody has touched for half a minute is taken over', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'lockstep-lock-'));
  const file = join(folder.path, 'a.lock');
  await writeFile(file, `${process.pid} a former life`);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(file, longAgo, longAgo);
  expect(await withLock(file, () => 'mine')).toBe('mine');
});

test('in one process only one at a time is inside, and a failure gives the lock back', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'lockstep-lock-'));
  const file = join(folder.path, 'a.lock');
  let inside = 0;
  const work = async () => {
    inside += 1;
    const seen = inside;
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    if (seen !== 1) throw new Error(`${seen} inside`);
  };
  await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await Promise.all(Array.from({ length: 4 }, () => withLock(file, work)));
});

test('waiting ends with the signal', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'lockstep-lock-'));
  const file = join(folder.path, 'a.lock');
  const aborter = new AbortController();
  await withLock(file, async () => {
    const waiting = withLock(file, () => 'never', { signal: aborter.signal });
    aborter.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});
