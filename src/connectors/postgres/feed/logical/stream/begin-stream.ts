import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { FeedRequest } from '../../../../../protocol/feed.ts';
import type { PostgresConfig } from '../../../config.ts';
import { formatName, parseName, quoteIdentifier, quoteLiteral } from '../../../names.ts';
import { Assembler } from '../decode/assembler.ts';
import { PgOutputDecoder } from '../decode/pgoutput-decoder.ts';
import type { Relation } from '../decode/relation.ts';
import { RelationBook } from '../decode/relation-book.ts';
import { TransactionClock } from '../decode/transaction-clock.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { capturedCollection, readCapturedTables } from '../publication/captured-tables.ts';
import type { CaptureSetup } from '../setup/capture-setup.ts';
import { TransactionSpill } from '../spill/transaction-spill.ts';
import type { LastSeen } from '../watch/last-seen.ts';
import { TableWatch } from '../watch/table-watch.ts';
import { ItemQueue } from './item-queue.ts';
import { LogicalStream, type StreamParts } from './logical-stream.ts';
import type { ReplicationConnection } from './replication-connection.ts';

export interface StreamRequest extends FeedRequest {
  readonly setup: CaptureSetup;
  readonly config: PostgresConfig;
  readonly connection: ReplicationConnection;
  /** The identity that positions carry. */
  readonly source: string;
  readonly start: Lsn;
  readonly byteBudget: number;
  readonly acknowledged: () => Lsn;
  /** Tables as they were described before. */
  readonly shapes: Map<number, Relation>;
  readonly lastSeen: LastSeen;
}

/** Where large transactions wait for their end; each user of the machine has a directory of its own. */
export const spillDirectory = (): string => join(tmpdir(), `lockstep-transactions-${userInfo().uid}`);

const longestStatusMs = 1_000;
const longestQuietMs = 5_000;

/** A stream that runs, with all that it is made of. */
export async function beginStream(
  request: StreamRequest,
): Promise<{ readonly stream: LogicalStream; readonly spill: TransactionSpill; readonly watch: TableWatch }> {
  const { connection, source, start, setup } = request;
  const facts = await readStreamFacts(connection);
  const queue = new ItemQueue();
  const assembler = new Assembler({
    source,
    from: start,
    emit: (item) => queue.put(item),
    now: () => performance.now(),
  });
  const book = await makeBook(request);
  const spill = new TransactionSpill(spillDirectory());
  const decoder = new PgOutputDecoder({ book, assembler, spill, clock: new TransactionClock(facts.xmax) });
  const { byteBudget, acknowledged } = request;
  const { maxRowBytes } = request.config;
  const stream = new LogicalStream({
    maxRowBytes,
    connection,
    decoder,
    assembler,
    queue,
    byteBudget,
    acknowledged,
    ...paceOf(facts, request.config.stallTimeoutMs),
  });
  const { collections, lastSeen, signal } = request;
  const interject = stream.interject.bind(stream);
  const watch = new TableWatch({ setup, collections, lastSeen, signal, interject });
  await watch.look();
  connection.stream(startStatement(setup.names, start), stream);
  return { stream, spill, watch };
}

async function makeBook({
  setup,
  collections,
  shapes,
  lastSeen,
  signal,
}: StreamRequest): Promise<RelationBook> {
  const { defaultSchema } = setup;
  const tables = await setup.pool.use(
    (session) => readCapturedTables(session, { collections, defaultSchema, signal }),
    { signal },
  );
  const captured = collections.map((collection) =>
    capturedCollection(collection, tables.get(formatName(parseName(collection.source, defaultSchema)))),
  );
  return new RelationBook({ collections: captured, defaultSchema, shapes, truncated: lastSeen.truncated });
}

interface StreamFacts {
  readonly xmax: bigint;
  /** wal_sender_timeout: the server ends a stream that it does not hear of for so long; 0: never. */
  readonly timeoutMs: number;
}

async function readStreamFacts(connection: ReplicationConnection): Promise<StreamFacts> {
  const [row] = await connection.command<{ xmax: string; timeout: string }>(
    `SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS xmax,
       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout') AS timeout`,
  );
  return { xmax: BigInt(row?.xmax ?? 0), timeoutMs: Number(row?.timeout ?? 0) };
}

/** Often enough for the server, and to hear of it before the watchdog takes its silence for a dead connection. */
function paceOf(
  { timeoutMs }: StreamFacts,
  stallTimeoutMs: number,
): Pick<StreamParts, 'statusMs' | 'quietMs'> {
  const patience = timeoutMs > 0 ? timeoutMs / 4 : longestStatusMs;
  return {
    statusMs: Math.min(longestStatusMs, patience, stallTimeoutMs / 4),
    quietMs: Math.min(longestQuietMs, stallTimeoutMs / 4),
  };
}

function startStatement({ slot, publication }: CaptureSetup['names'], start: Lsn): string {
  const options = [
    `proto_version '2'`,
    `streaming 'on'`,
    `publication_names ${quoteLiteral(quoteIdentifier(publication))}`,
  ];
  return `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(start)} (${options.join(', ')})`;
}
