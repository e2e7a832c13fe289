import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Stage } from './stage.ts';

const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const patienceMs = 60_000;

export interface Ended {
  readonly code: number | null;
  /** Of stdout. */
  readonly lastLine: string;
  readonly messages: string;
}

/** `lockstep COMMAND` as somebody would type it, in a process of its own. */
export class RunningCommand {
  readonly ended: Promise<Ended>;
  readonly #child;
  #output = '';
  #messages = '';

  constructor(args: readonly string[], { environment, directory }: Pick<Stage, 'environment' | 'directory'>) {
    const cli = [own('../../../../bin/lockstep.mjs')].find(existsSync) ?? own('../../../cli/main.js');
    const env = { ...process.env, ...environment };
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    this.#child = spawn(process.execPath, [cli, ...args], { stdio, cwd: directory, env });
    this.#child.stdout.on('data', (piece: Buffer) => {
      this.#output += piece.toString();
    });
    this.#child.stderr.on('data', (piece: Buffer) => {
      this.#messages += piece.toString();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) =>
        resolve({
          code,
          lastLine: this.#output.trimEnd().split('\n').at(-1) ?? '',
          messages: this.#messages,
        }),
      );
    });
  }

  /** How often its log has said something that begins so. */
  said(message: string): number {
    return this.#output.split(`"message":"${message}`).length - 1;
  }

  says(message: string): Promise<void> {
    return eventually(
      `it says ${message}`,
      () => this.said(message) > 0,
      () => `${this.#output.slice(-2000)}${this.#messages}`,
    );
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}

/** Waits for a state. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  found: () => string = () => '',
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what} ${found()}`);
    await pause(10);
  }
}
