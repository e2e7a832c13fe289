import { BSON, type Document } from 'mongodb';
import type { Json } from '../../../protocol/value.ts';
import type { MongodbConfig } from '../config.ts';
import { Deployment } from './deployment.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

type JsonDocument = { readonly [name: string]: Json };

/** Commands run beside each other at most. */
const connections = 2;

/** Commands of somebody's own, as extended JSON. */
export class Commands implements AsyncDisposable {
  readonly #deployment: Deployment;

  private constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  static async open(config: MongodbConfig, { signal }: SignalOption): Promise<Commands> {
    return new Commands(await Deployment.open(config, { connections, signal }));
  }

  async run(command: JsonDocument, { signal }: SignalOption): Promise<JsonDocument> {
    const reply = await this.#deployment.run({ signal }, (db) => db.command(parse(command), { signal }));
    this.#throwRefusal(command, reply);
    return toJson(reply);
  }

  async *documents(command: JsonDocument, { signal }: SignalOption): AsyncIterable<JsonDocument> {
    try {
      await using cursor = this.#deployment.db.runCursorCommand(parse(command));
      for await (const document of cursor) {
        signal.throwIfAborted();
        yield toJson(document);
      }
    } catch (thrown) {
      throw this.#deployment.explain(thrown, { signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deployment[Symbol.asyncDispose]();
  }

  /** A write that is refused in part is told within a reply that is otherwise well. */
  #throwRefusal(command: JsonDocument, { writeErrors, writeConcernError }: Document): void {
    const refused = (Array.isArray(writeErrors) ? writeErrors[0] : undefined) ?? writeConcernError;
    if (refused !== undefined) throw this.#deployment.refusal(refused, String(Object.values(command)[0]));
  }
}

const parse = (command: JsonDocument): Document => BSON.EJSON.parse(JSON.stringify(command));

const toJson = (document: Document): JsonDocument => BSON.EJSON.serialize(document, { relaxed: true });
