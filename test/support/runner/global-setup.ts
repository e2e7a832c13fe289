import { join, relative } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openScratch } from './scratch.ts';
import { ServerDesk } from './server-desk.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    serverDesk: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Hundreds of processes of ours are started: the code that one compiled, the next finds.
  process.env['NODE_COMPILE_CACHE'] ??= join(project.config.root, 'node_modules', '.cache', 'compiled');
  await using opened = new AsyncDisposableStack();
  opened.use(await openScratch());
  const desk = opened.use(new ServerDesk());
  project.provide('serverDesk', await desk.open());
  const kept = opened.move();
  return async () => {
    await using _ = kept;
    for (const [file, attempts] of desk.notRun) {
      process.stderr.write(`Not run: ${relative(project.config.root, file)}: ${attempts.join('\n  - ')}\n`);
    }
    const left = await desk.leftovers();
    if (left.length === 0) return;
    process.exitCode = 1;
    throw new Error(`tests left something behind on the shared servers:\n  ${left.join('\n  ')}`);
  };
}
