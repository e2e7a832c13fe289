import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const linesKept = 40;
const lookEveryMs = 10;

/** A program that follows, its output, and how it ends; it may be started again. */
export class FollowerProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #isReadyLine: (line: string) => boolean;
  #child: ChildProcess | null = null;
  #lines: string[] = [];
  #isReady = false;

  constructor(name: string, isReadyLine: (line: string) => boolean) {
    this.#name = name;
    this.#isReadyLine = isReadyLine;
  }

  follow(child: ChildProcess): void {
    this.#lines = [];
    this.#isReady = false;
    for (const input of [child.stdout, child.stderr])
      if (input !== null) createInterface({ input }).on('line', (line) => this.#hear(line));
    this.#child = child;
  }

  #hear(line: string): void {
    this.#lines = [...this.#lines.slice(1 - linesKept), line];
    if (this.#isReadyLine(line)) this.#isReady = true;
  }

  async ready(): Promise<void> {
    while (!this.#isReady) {
      this.expectAlive();
      await delay(lookEveryMs);
    }
  }

  expectAlive(): void {
    const { exitCode, signalCode } = this.#child ?? { exitCode: null, signalCode: null };
    if (exitCode === null && signalCode === null) return;
    throw new Error(`${this.#name} ended with ${exitCode ?? signalCode}:\n${this.#lines.join('\n')}`);
  }

  async stop(): Promise<void> {
    this.expectAlive();
    if ((await this.#end('SIGTERM')) === 0) return;
    throw new Error(`${this.#name} did not stop in peace:\n${this.#lines.join('\n')}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL');
  }
}
