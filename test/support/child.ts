import { type ChildProcess, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

export interface ChildOptions {
  /** Path of the TypeScript or JavaScript file. */
  readonly file: string;
  readonly args?: readonly string[];
  /** On top of our own environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** No file that it writes may be larger, as if its disk were full. In whole KiB. */
  readonly largestFileKib?: number;
}

export interface ChildResult {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A script of ours in a process of its own, under the same Node. Disposing it kills it. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<ChildResult>;
  /** The first whole line, past or future, that contains the text or matches; throws if it ends or `timeoutMs` (20 s) passes without. */
  waitForLine(
    wanted: string | RegExp,
    options?: { readonly from?: 'stdout' | 'stderr'; readonly timeoutMs?: number },
  ): Promise<string>;
  /** SIGKILL unless another is named; resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<ChildResult>;
  write(text: string): void;
  /** Nothing more is written to it. */
  endInput(): void;
}

export function startChild(options: ChildOptions): Child {
  return new RunningChild(options);
}

/** Runs a script to its end. */
export async function runChild(
  options: ChildOptions & { readonly timeoutMs?: number },
): Promise<ChildResult> {
  await using child = startChild(options);
  const timer = setTimeout(() => void child.kill(), options.timeoutMs ?? 60_000);
  try {
    return await child.ended;
  } finally {
    clearTimeout(timer);
  }
}

type Words = readonly [string, ...string[]];

/** POSIX counts in blocks of 512 bytes. Node ignores the signal, so that a write past the limit fails with EFBIG. */
const limited = (words: Words, largestFileKib: number | undefined): Words =>
  largestFileKib === undefined
    ? words
    : ['sh', '-c', `ulimit -f ${largestFileKib * 2} && exec "$@"`, 'sh', ...words];

class RunningChild implements Child {
  readonly pid: number;
  readonly ended: Promise<ChildResult>;
  readonly #process: ChildProcess;
  readonly #output = { stdout: '', stderr: '' };
  readonly #listeners = new Set<() => void>();
  #result: ChildResult | undefined;

  constructor({ file, args = [], env = {}, cwd, largestFileKib }: ChildOptions) {
    const [command, ...words] = limited([process.execPath, file, ...args], largestFileKib);
    const child = spawn(command, words, {
      cwd,
      env: { ...ownEnvironment(), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.pid = child.pid ?? -1;
    child.stdin.on('error', () => {}); // it may end before it has read
    for (const from of ['stdout', 'stderr'] as const) {
      child[from].setEncoding('utf8').on('data', (text: string) => {
        this.#output[from] += text;
        this.#tell();
      });
    }
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        process.removeListener('exit', killWithUs);
        this.#result = { code, signal, ...this.#output };
        resolve(this.#result);
        this.#tell();
      };
      child.once('error', (error) => {
        this.#output.stderr += String(error);
        end(null, null);
      });
      child.once('close', end);
    });
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  waitForLine(
    wanted: string | RegExp,
    {
      from = 'stdout',
      timeoutMs = 20_000,
    }: { readonly from?: 'stdout' | 'stderr'; readonly timeoutMs?: number } = {},
  ): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = (): void => {
      const line = this.#findLine(wanted, from);
      if (line !== undefined) resolve(line);
      else if (this.#result !== undefined)
        reject(this.#failure(`ended before ${from} had a line with ${wanted}`));
    };
    const timer = setTimeout(
      () => reject(this.#failure(`wrote no line with ${wanted} to ${from} in ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#listeners.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(look);
    });
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ChildResult> {
    this.#process.kill(signal);
    return this.ended;
  }

  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  endInput(): void {
    this.#process.stdin?.end();
  }

  #findLine(wanted: string | RegExp, from: 'stdout' | 'stderr'): string | undefined {
    const lines = stripVTControlCharacters(this.#output[from]).split('\n');
    const whole = this.#result === undefined ? lines.slice(0, -1) : lines;
    return whole.find((line) => (typeof wanted === 'string' ? line.includes(wanted) : wanted.test(line)));
  }

  #failure(what: string): Error {
    const { code, signal } = this.#result ?? {};
    const end = this.#result === undefined ? '' : ` (code ${code}, signal ${signal})`;
    return new Error(
      `the child ${what}${end}\n--- stdout\n${this.stdout.slice(-2_000)}\n--- stderr\n${this.stderr.slice(-2_000)}`,
    );
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#result === undefined) await this.kill();
  }
}

// The test runner's own settings would change how the child behaves.
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_OPTIONS$|NODE_ENV$|TEST$)/.test(name),
  );
  return Object.fromEntries(kept);
}
