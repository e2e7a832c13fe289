import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = join(import.meta.dirname, 'store-program.ts');

export type StoreTask = 'open' | 'save' | 'raise' | 'request';

/** Starts `store-program.ts` in a process of its own; its lines are read as they come. */
export function startStoreProcess(
  task: StoreTask,
  file: string,
): { child: ChildProcess; lines: AsyncIterable<string> } {
  const child = spawn(process.execPath, [program, task, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('the child has no stdout');
  return { child, lines: createInterface({ input: child.stdout }) };
}

/** Its last line, once it ended well. */
export async function runStoreProcess(task: StoreTask, file: string): Promise<string> {
  const { child, lines } = startStoreProcess(task, file);
  const ended = once(child, 'exit');
  let last = '';
  for await (const line of lines) last = line;
  const [code] = await ended;
  if (code !== 0) throw new Error(`the store process ended with ${String(code)}`);
  return last;
}
