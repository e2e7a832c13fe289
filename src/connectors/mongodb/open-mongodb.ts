import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Json } from '../../protocol/value.ts';
import { type MongodbConfigInput, mongodbConfigSchema, resolveEndpoint } from './config.ts';
import type { Commands } from './session/commands.ts';

interface SignalOption {
  readonly signal?: AbortSignal | undefined;
}

/** A document as extended JSON: `{ $uuid }`, `{ $oid }`, `{ $date }` … Those of the server have plain numbers, and UUIDs as `{ $binary }`. */
export type JsonDocument = { readonly [name: string]: Json };

/**
 * One database of a MongoDB deployment for commands of one's own, beside pipelines. Nothing is opened before it is needed. A server without
 * a replica set will do.
 */
export interface MongodbDatabase extends AsyncDisposable {
  /** `host:port/database`, without secrets. */
  readonly address: string;
  readonly user: string | null;
  /** One command of the server, and its reply. A write that is refused in part throws too. Throws `LockstepError`. */
  command(command: JsonDocument, options?: SignalOption): Promise<JsonDocument>;
  /** The documents that a `find`, `aggregate` or another command with a cursor answers, read as they are asked for. */
  documents(command: JsonDocument, options?: SignalOption): AsyncIterable<JsonDocument>;
}

export type MongodbDatabaseConfig = Omit<MongodbConfigInput, 'connector' | 'stateCollection'>;

/** A MongoDB database for a program's own commands, with the same settings and errors as a connector. Connects to nothing yet. */
export function openMongodb(config: MongodbDatabaseConfig): MongodbDatabase {
  const parsed = mongodbConfigSchema.safeParse({ connector: 'mongodb', ...config });
  if (!parsed.success) {
    const { issues } = parsed.error;
    const faults = issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`).join('\n');
    throw new LockstepError('config-invalid', { count: issues.length, faults });
  }
  const { data } = parsed;
  const { address, user } = resolveEndpoint(data);
  let opened: Promise<Commands> | null = null;
  const open = (signal: AbortSignal): Promise<Commands> => {
    opened ??= import('./session/commands.ts')
      .then((module) => module.Commands.open(data, { signal }))
      .catch((thrown: unknown) => {
        opened = null;
        throw thrown;
      });
    return opened;
  };
  return {
    address,
    user,
    command: async (command, options) => {
      const signal = signalOf(options);
      return await (await open(signal)).run(command, { signal });
    },
    documents: async function* (command, options) {
      const signal = signalOf(options);
      yield* (await open(signal)).documents(command, { signal });
    },
    [Symbol.asyncDispose]: async () => {
      await (await opened?.catch(() => null))?.[Symbol.asyncDispose]();
    },
  };
}

const signalOf = ({ signal = new AbortController().signal }: SignalOption = {}): AbortSignal => signal;
