import { styleText } from 'node:util';
import type { SecretText } from '../protocol/secret.ts';
import { createRedactor, type Redactor } from '../service/redact.ts';

/** The part of a stream that a terminal needs; process.stdout and process.stderr have it. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/**
 * The edge: everything the command line shows passes here, secrets stop here, and who runs a recipe is told in its words. Data goes to stdout; messages and progress
 * to stderr. A block of lines may stand below the messages and is drawn again after each of them.
 */
export class Terminal {
  readonly quiet: boolean;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #color: { readonly stdout: boolean; readonly stderr: boolean };
  /** By their texts: whoever tries again and again to read a configuration names the same ones each time. */
  readonly #secrets = new Map<string, SecretText>();
  readonly #publicWords = new Set<string>();
  #redact: Redactor = createRedactor([]);
  #inWords: (text: string) => string = (text) => text;
  #block: readonly string[] = [];

  constructor(options: {
    readonly stdout: Output;
    readonly stderr: Output;
    readonly quiet: boolean;
    readonly color: boolean;
  }) {
    this.quiet = options.quiet;
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.#color = {
      stdout: options.color && options.stdout.isTTY === true,
      stderr: options.color && options.stderr.isTTY === true,
    };
  }

  /** A live block can be drawn. */
  get interactive(): boolean {
    return this.#stderr.isTTY === true && !this.quiet;
  }

  get columns(): number {
    return this.#stderr.columns ?? 80;
  }

  /** From now on these are not shown any more. */
  protect(secrets: readonly SecretText[], publicWords: Iterable<string> = []): void {
    const known = this.#secrets.size + this.#publicWords.size;
    for (const secret of secrets) {
      const text = secret.reveal();
      if (!this.#secrets.has(text)) this.#secrets.set(text, secret);
    }
    for (const word of publicWords) this.#publicWords.add(word);
    if (this.#secrets.size + this.#publicWords.size === known) return;
    this.#redact = createRedactor([...this.#secrets.values()], this.#publicWords);
  }

  /** From now on all that is shown is said in these words. */
  speak(inWords: (text: string) => string): void {
    this.#inWords = inWords;
  }

  /** Takes secrets out of what leaves by another way than this terminal. */
  redact(text: string): string {
    return this.#redact(text);
  }

  /** Data, on stdout. */
  out(text: string): void {
    this.#aboveBlock(() => this.#stdout.write(`${this.#shown(text)}\n`));
  }

  /** Something worth telling, on stderr; not with --quiet. */
  message(text: string): void {
    if (!this.quiet) this.fault(text);
  }

  /** What nobody may miss, on stderr, also with --quiet. */
  fault(text: string): void {
    this.#aboveBlock(() => this.#stderr.write(`${this.#shown(text)}\n`));
  }

  paint(stream: 'stdout' | 'stderr', style: Style, text: string): string {
    return this.#color[stream] ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Replaces the live block; no lines take it away. */
  showBlock(lines: readonly string[]): void {
    if (!this.interactive) return;
    const erase = this.#erasure();
    this.#block = lines.map((line) => this.#shown(line));
    this.#stderr.write(erase + this.#drawing());
  }

  /** Secrets are taken out last. */
  #shown(text: string): string {
    return this.#redact(this.#inWords(text));
  }

  #aboveBlock(write: () => void): void {
    const erase = this.#erasure();
    if (erase !== '') this.#stderr.write(erase);
    write();
    if (erase !== '') this.#stderr.write(this.#drawing());
  }

  #drawing(): string {
    return this.#block.map((line) => `${line}\n`).join('');
  }

  /** Up to the block's first line, and clear from there (ECMA-48 CUU and ED). */
  #erasure(): string {
    return this.#block.length === 0 ? '' : `\u001b[${this.#block.length}A\u001b[0J`;
  }
}
