import type { Binary, ClientSession } from 'mongodb';
import type { Fence, PipelineName } from '../../protocol/names.ts';
import type { MongodbDatabase } from './database.ts';

/** What this handle writes a pipeline's transactions with: one session, so one at a time, in the order in which they were asked for. */
export interface PipelineWriter {
  readonly session: ClientSession;
  /** Its name at the server. */
  readonly id: Binary;
  /** Under which fence the lease's document names the session; null: none. */
  announced: Fence | null;
  /** A transaction of it may be under way. */
  isWriting: boolean;
}

interface Kept {
  readonly writer: PipelineWriter;
  /** Settles with the newest transaction that was asked for. */
  last: Promise<unknown>;
}

/**
 * The sessions of one handle. Two transactions of a pipeline would only be in each other's way, as each writes the document of the lease;
 * and a session that stays the same can be ended by whoever takes the lease over, and asked what became of a commit.
 */
export class Writers implements AsyncDisposable {
  readonly #database: MongodbDatabase;
  readonly #kept = new Map<PipelineName, Kept>();

  constructor(database: MongodbDatabase) {
    this.#database = database;
  }

  of(pipeline: PipelineName): PipelineWriter {
    return this.#keep(pipeline).writer;
  }

  /** After all that was asked for before. */
  use<Result>(pipeline: PipelineName, work: (writer: PipelineWriter) => Promise<Result>): Promise<Result> {
    const kept = this.#keep(pipeline);
    const done = kept.last.then(() => writing(kept.writer, work));
    // Whoever follows waits for it, whatever comes of it; the caller hears of its failure.
    kept.last = done.catch(() => undefined);
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ writer }) => writer.session.endSession()));
  }

  #keep(pipeline: PipelineName): Kept {
    const known = this.#kept.get(pipeline);
    if (known !== undefined) return known;
    const session = this.#database.startSession();
    const writer = { session, id: idOf(session), announced: null, isWriting: false };
    const kept: Kept = { writer, last: Promise.resolve() };
    this.#kept.set(pipeline, kept);
    return kept;
  }
}

async function writing<Result>(
  writer: PipelineWriter,
  work: (writer: PipelineWriter) => Promise<Result>,
): Promise<Result> {
  writer.isWriting = true;
  try {
    return await work(writer);
  } finally {
    writer.isWriting = false;
  }
}

function idOf(session: ClientSession): Binary {
  const id: unknown = session.id?.['id'];
  if (isUuid(id)) return id;
  throw new TypeError('the driver’s session has no id');
}

const isUuid = (id: unknown): id is Binary => typeof id === 'object' && id !== null && 'sub_type' in id;

export const isSameSession = (one: Binary, other: Binary): boolean =>
  one.toString('hex') === other.toString('hex');
