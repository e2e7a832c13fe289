import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardServer } from '../../../tools/servers/guard.ts';
import { folderInMemory } from '../../../tools/servers/memory.ts';

/**
 * The folder for temporary files of this run and of all processes that it starts, in memory where there is room: a control store confirms
 * each of its writes by the disk, which a busy machine answers late. What a killed process has written outlives it in memory too.
 */
export async function openScratch(): Promise<AsyncDisposable> {
  const path = await mkdtemp(join((await folderInMemory()) ?? tmpdir(), 'lockstep-tests-'));
  await chmod(path, 0o711); // a server under a user of its own goes through it
  const guard = guardServer({ directory: path, pidFile: join(path, 'no-server') });
  const former = process.env['TMPDIR'];
  process.env['TMPDIR'] = path;
  return {
    [Symbol.asyncDispose]: async () => {
      if (former === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = former;
      await rm(path, { recursive: true, force: true });
      guard[Symbol.dispose]();
    },
  };
}
