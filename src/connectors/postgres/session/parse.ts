import type { Connection, Submittable } from 'pg';
import { ByteWriter } from '../copy/byte-writer.ts';
import { writeParse, writeSync } from './extended-messages.ts';

/** The first of the messages of an extended query, and none of the others: the server takes the statement apart and does not run it. */
export class ParseQuery implements Submittable {
  readonly #sql: string;
  readonly #settled = Promise.withResolvers<void>();

  constructor(sql: string) {
    this.#sql = sql;
  }

  get done(): Promise<void> {
    return this.#settled.promise;
  }

  submit({ stream }: Connection): void {
    const out = new ByteWriter();
    writeParse(out, '', this.#sql);
    writeSync(out);
    stream.write(Buffer.from(out.bytes.subarray(0, out.at)));
  }

  handleReadyForQuery(): void {
    this.#settled.resolve();
  }

  handleError(error: unknown): void {
    this.#settled.reject(error);
  }
}
