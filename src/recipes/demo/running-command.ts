import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface Surroundings {
  /** On top of our own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Default: our own. */
  readonly directory?: string;
}

export interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last line of stdout, which `--json` makes one object; empty where it is none. */
  readonly answer: Readonly<Record<string, unknown>>;
  readonly messages: string;
}

/** `lockstep …` as somebody would type it, in a process of its own. */
export class RunningCommand {
  readonly ended: Promise<Ended>;
  readonly #child;
  #output = '';
  #messages = '';

  constructor(args: readonly string[], { environment, directory }: Surroundings) {
    const cli = [own('../../../bin/lockstep.mjs')].find(existsSync) ?? own('../../cli/main.js');
    this.#child = spawn(process.execPath, [cli, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: directory,
      env: { ...process.env, ...environment },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#messages += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) =>
        resolve({ code, signal, answer: lastObject(this.#output), messages: this.#messages }),
      );
    });
  }

  /** What it has written to stdout so far. */
  get output(): string {
    return this.#output;
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

function lastObject(output: string): Ended['answer'] {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? JSON.parse(last) : {};
}
