import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SyncStats } from '../statistics.ts';
import type { Stage } from './stage.ts';

const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const patienceMs = 60_000;

export interface Ended {
  readonly code: number | null;
  /** With `--json` the last line of stdout. */
  readonly answer: { readonly ok?: boolean; readonly result?: unknown };
  readonly messages: string;
}

/** `lockstep user-table COMMAND …` as somebody would type it, in a process of its own. */
export class RunningCommand {
  readonly ended: Promise<Ended>;
  readonly #child;
  #output = '';
  #messages = '';

  constructor(args: readonly string[], { environment, directory }: Pick<Stage, 'environment' | 'directory'>) {
    const cli = [own('../../../../bin/lockstep.mjs')].find(existsSync) ?? own('../../../cli/main.js');
    this.#child = spawn(process.execPath, [cli, 'user-table', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: directory,
      env: { ...process.env, ...environment },
    });
    this.#child.stdout.on('data', (piece: Buffer) => {
      this.#output += piece.toString();
    });
    this.#child.stderr.on('data', (piece: Buffer) => {
      this.#messages += piece.toString();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) =>
        resolve({ code, answer: lastObject(this.#output), messages: this.#messages }),
      );
    });
  }

  /** How often its log has said this. */
  said(message: string): number {
    return this.#output.split('\n').filter((line) => line.includes(`"message":"${message}`)).length;
  }

  get messages(): string {
    return this.#messages;
  }

  async get(path: string): Promise<{ readonly code: number; readonly text: string }> {
    const url = /"http":"([^"]+)"/.exec(this.#output)?.[1];
    if (url === undefined) return { code: 0, text: '' };
    const response = await fetch(`${url}${path}`).catch(() => null);
    return response === null ? { code: 0, text: '' } : { code: response.status, text: await response.text() };
  }

  async stats(): Promise<SyncStats | null> {
    const { code, text } = await this.get('/status');
    return code === 200 ? JSON.parse(text) : null;
  }

  healthy(): Promise<void> {
    return eventually('the service is healthy', async () => (await this.get('/health')).code === 200);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}

/** Runs a command to its end. */
export const command = (args: readonly string[], stage: Stage): Promise<Ended> =>
  new RunningCommand([...args, '--json'], stage).ended;

function lastObject(output: string): Ended['answer'] {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? JSON.parse(last) : {};
}

/** Waits for a state. */
export async function eventually(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what}`);
    await pause(20);
  }
}
