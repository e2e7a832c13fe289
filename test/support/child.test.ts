import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runChild, startChild } from './child.ts';

async function scriptOf(code: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'lockstep-child-'));
  const file = join(folder.path, 'script.mts');
  await writeFile(file, code);
  return { file, [Symbol.asyncDispose]: () => folder.remove() };
}

test('a script runs to its end, with arguments and environment', async () => {
  await using script = await scriptOf(`
    const words: string[] = process.argv.slice(2);
    console.log(words.join('+'), process.env.COLOUR, process.env.VITEST);
    console.error('warning');
    process.exitCode = 2;
  `);
  const result = await runChild({ file: script.file, args: ['a', 'b'], env: { COLOUR: 'red' } });
  expect(result).toEqual({ code: 2, signal: null, stdout: 'a+b red undefined\n', stderr: 'warning\n' });
});

test('a line is waited for, and found when it came before', async () => {
  await using script = await scriptOf(`
    process.stdout.write('half a ');
    process.stdin.once('data', () => { process.stdout.write('line 42\\n'); setInterval(() => {}, 1000); });
  `);
  await using child = startChild({ file: script.file });
  const waiting = child.waitForLine(/line \d+$/);
  child.write('go\n');
  expect(await waiting).toBe('half a line 42');
  expect(await child.waitForLine('line 42')).toBe('half a line 42');
  expect(await child.kill()).toMatchObject({ code: null, signal: 'SIGKILL' });
});

test('a line that never comes is an error that shows the output', async () => {
  await using script = await scriptOf(`console.log('something else'); console.error('trouble');`);
  await using child = startChild({ file: script.file });
  await expect(child.waitForLine('ready')).rejects.toThrow(
    /ended before stdout[\s\S]*something else[\s\S]*trouble/,
  );
  await using silent = await scriptOf(`setInterval(() => {}, 1000);`);
  await using hanging = startChild({ file: silent.file });
  await expect(hanging.waitForLine('ready', { timeoutMs: 200 })).rejects.toThrow(
    /no line with ready to stdout in 200 ms/,
  );
});

test('disposing kills it', async () => {
  await using script = await scriptOf(`console.log('up'); setInterval(() => {}, 1000);`);
  let pid: number;
  {
    await using child = startChild({ file: script.file });
    await child.waitForLine('up');
    pid = child.pid;
  }
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});
