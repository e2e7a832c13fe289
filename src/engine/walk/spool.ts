import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const flushBytes = 1 << 16;
const pageLength = 500;

/**
 * A list of texts on disk: written once, in any number of pieces, then read in pages as often as needed. For what a pass finds and must
 * hold until its end (keys that leave, keys that wait for others), whatever its number. Not durable: a pass that dies finds it again.
 */
export class Spool implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  #pending: string[] = [];
  #pendingBytes = 0;
  #count = 0;
  /** Writes follow each other: several lanes add at once. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(directory: string): Promise<Spool> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, `${randomUUID()}.spool`);
    return new Spool(path, await open(path, 'wx+', 0o600));
  }

  get count(): number {
    return this.#count;
  }

  async add(texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      const line = `${JSON.stringify(text)}\n`;
      this.#pending.push(line);
      this.#pendingBytes += line.length;
    }
    this.#count += texts.length;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  async *pages(length: number = pageLength): AsyncIterable<readonly string[]> {
    await this.#flush();
    const lines = createInterface({
      input: createReadStream(this.#path, 'utf8'),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    let page: string[] = [];
    for await (const line of lines) {
      page.push(JSON.parse(line) as string);
      if (page.length < length) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingBytes = 0;
    if (text !== '') this.#writing = this.#writing.then(() => this.#file.appendFile(text));
    await this.#writing;
  }
}
