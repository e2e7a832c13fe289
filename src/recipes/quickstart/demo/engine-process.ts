import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last line of stdout, which `--json` makes one object. */
  readonly answer: unknown;
  readonly messages: string;
}

export interface RunningCommand {
  readonly ended: Promise<CommandResult>;
  kill(): void;
  /** SIGTERM: as a service is ended. */
  terminate(): void;
}

/** `lockstep COMMAND …` as somebody would type it, in a process of its own. */
export function startLockstep(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): RunningCommand {
  const cli = [own('../../../../bin/lockstep.mjs')].find(existsSync) ?? own('../../../cli/main.js');
  const config = [own('../lockstep.config.ts'), own('../lockstep.config.js')].find(existsSync) ?? '';
  const child = spawn(process.execPath, [cli, ...args, '--config', config, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  let messages = '';
  child.stdout.on('data', (piece: Buffer) => {
    output += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    messages += piece.toString();
  });
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, answer: lastObject(output), messages }));
  });
  return { ended, kill: () => child.kill('SIGKILL'), terminate: () => child.kill('SIGTERM') };
}

function lastObject(output: string): unknown {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{') || last.startsWith('[') ? JSON.parse(last) : null;
}
