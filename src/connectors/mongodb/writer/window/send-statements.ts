import type { ClientSession } from 'mongodb';
import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Deployment } from '../../session/deployment.ts';
import { sendRaw } from '../write/raw-command.ts';
import type { Deadline } from './deadline.ts';
import type { Statement } from './part-plan.ts';

/** Far from what a message has room for (48,000,000 bytes, 100,000 documents): between two commands it is seen that time is over. */
const mostPerCommand = { bytes: 8 * 1024 * 1024, statements: 5_000 };

/** What the server did not take; it has ended the transaction. */
export class RefusedStatement extends Error {
  readonly error: LockstepError;
  /** The place of the change. */
  readonly ordinal: number;
  readonly code: number;

  constructor({ error, ordinal, code }: Pick<RefusedStatement, 'error' | 'ordinal' | 'code'>) {
    super(error.message, { cause: error });
    this.error = error;
    this.ordinal = ordinal;
    this.code = code;
  }
}

/** What was not taken is no change, but what stands in for a value while others move. */
export class RefusedStandIn extends RefusedStatement {
  readonly collection: string;

  constructor(collection: string, refused: RefusedStatement) {
    super(refused);
    this.collection = collection;
  }
}

export interface SendRequest {
  readonly collection: string;
  readonly verb: keyof typeof fields;
  readonly statements: readonly Statement[];
  readonly session: ClientSession;
  readonly deadline: Deadline;
}

/** What statements came to. */
export interface Sent {
  /** How many documents were found, made or deleted. */
  readonly count: number;
  readonly modified: number;
  /** Places of changes whose documents were made. */
  readonly upserted: readonly number[];
}

const fields = { insert: 'documents', update: 'updates', delete: 'deletes' } as const;

/** In as few commands as they need, in the session's transaction; throws RefusedStatement. */
export async function sendStatements(
  deployment: Deployment,
  { collection, verb, statements, session, deadline }: SendRequest,
): Promise<Sent> {
  let [count, modified] = [0, 0];
  const upserted: number[] = [];
  for (const some of inCommands(statements)) {
    const documents = some.map(({ bytes }) => bytes);
    deadline.check();
    const command = { [verb]: collection, ordered: true };
    const reply = await sendRaw(deployment, { command, field: fields[verb], documents, session });
    const ordinalAt = (index: number): number => some[index]?.ordinal ?? 0;
    if (reply.refused !== null)
      throw new RefusedStatement({ ...reply.refused, ordinal: ordinalAt(reply.refused.index) });
    count += reply.count;
    modified += reply.modified;
    upserted.push(...reply.upserted.map(ordinalAt));
  }
  return { count, modified, upserted };
}

function* inCommands(statements: readonly Statement[]): Iterable<readonly Statement[]> {
  let from = 0;
  let bytes = 0;
  for (const [at, statement] of statements.entries()) {
    const isFull =
      at - from >= mostPerCommand.statements || bytes + statement.bytes.length > mostPerCommand.bytes;
    if (isFull && at > from) {
      yield statements.slice(from, at);
      [from, bytes] = [at, 0];
    }
    bytes += statement.bytes.length;
  }
  if (from < statements.length) yield statements.slice(from);
}
