import { randomUUID } from 'node:crypto';
import { chmod, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startChild } from '../../support/child.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { exists, foldersUsed, processesWith } from './leavings.ts';

const cli = fileURLToPath(new URL('../../../bin/lockstep.mjs', import.meta.url));
const patienceMs = 300_000;

test.runIf(process.platform === 'linux')(
  'after the demo nothing of it runs, and nothing of it is left in memory or among the temporary files',
  async () => {
    await using temporary = await temporaryDirectory();
    // A server under a user of its own goes through it.
    await chmod(temporary.path, 0o711);
    const mark = `LOCKSTEP_TEST_MARK=${randomUUID()}`;
    const [name = '', value = ''] = mark.split('=');
    await using demo = startChild({
      file: cli,
      args: ['demo', 'quickstart', '--seconds', '1', '--json'],
      env: { [name]: value, TMPDIR: temporary.path },
    });
    const folders = await foldersUsed(mark, demo.ended);
    const { code, stdout, stderr } = await demo.ended;
    expect(code, stderr).toBe(0);
    const [recipe] = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').recipes;
    expect(recipe).toMatchObject({ name: 'quickstart', ok: true, drift: 0, deadLetters: 0 });
    expect(recipe.killedAtRows).toBeLessThan(recipe.rows);

    // Two servers of PostgreSQL at least: else nothing was looked for.
    expect(folders.size).toBeGreaterThanOrEqual(2);
    // A guard ends right after what it guarded.
    await expect.poll(() => processesWith(mark), { timeout: 20_000 }).toEqual([]);
    for (const folder of folders) expect(await exists(folder), folder).toBe(false);
    expect(await readdir(temporary.path)).toEqual([]);
  },
  patienceMs,
);
