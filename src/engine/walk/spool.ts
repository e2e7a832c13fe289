import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spilling } from './spill-failed.ts';

const flushBytes = 1 << 16;
const pageLength = 500;

/** JSON has these two as they are, and readline takes them for ends of lines. */
const lineSeparators = /[\u2028\u2029]/g;

const oneLine = (text: string): string =>
  JSON.stringify(text).replace(lineSeparators, (separator) =>
    separator === '\u2028' ? '\\u2028' : '\\u2029',
  );

/**
 * A list of texts on disk: written once, in any number of pieces, then read in pages as often as needed. For what a pass finds and must
 * hold until its end (keys that leave, keys that wait for others), whatever its number. Not durable: a pass that dies finds it again.
 * The file is open only while it is written or read, so one that nobody disposed of costs nothing until its directory goes.
 */
export class Spool implements AsyncDisposable {
  readonly #path: string;
  #pending: string[] = [];
  #pendingBytes = 0;
  #count = 0;
  /** Writes follow each other: several lanes add at once. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string) {
    this.#path = path;
  }

  static async create(directory: string): Promise<Spool> {
    const path = join(directory, `${randomUUID()}.spool`);
    await spilling(path, async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(path, '', { flag: 'wx', mode: 0o600 });
    });
    return new Spool(path);
  }

  get count(): number {
    return this.#count;
  }

  async add(texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      const line = `${oneLine(text)}\n`;
      this.#pending.push(line);
      this.#pendingBytes += line.length;
    }
    this.#count += texts.length;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  async *pages(length: number = pageLength): AsyncIterable<readonly string[]> {
    await this.#flush();
    const input = createReadStream(this.#path, 'utf8');
    try {
      let page: string[] = [];
      for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        page.push(JSON.parse(line) as string);
        if (page.length < length) continue;
        yield page;
        page = [];
      }
      if (page.length > 0) yield page;
    } finally {
      input.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingBytes = 0;
    // One that failed stays failed: a line may be there in part.
    if (text !== '') this.#writing = this.#writing.then(() => this.#append(text));
    await this.#writing;
  }

  #append(text: string): Promise<void> {
    return spilling(this.#path, () => appendFile(this.#path, text));
  }
}
