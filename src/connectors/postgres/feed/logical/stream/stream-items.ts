import { isLockstepError, toError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { FeedItem } from '../../../../../protocol/feed.ts';
import { shard } from '../decode/assembler.ts';
import type { Lsn } from '../lsn.ts';
import { formatPosition, type LogPosition } from '../position.ts';
import type { CaptureSetup } from '../setup/capture-setup.ts';
import { publicationGone, slotInUse } from '../setup/refusals.ts';
import { beginStream, type StreamRequest } from './begin-stream.ts';
import { findStart } from './find-start.ts';
import type { LogicalStream } from './logical-stream.ts';
import { openReplication } from './replication-connection.ts';

export interface StreamRun extends Omit<StreamRequest, 'connection' | 'start' | 'acknowledged'> {
  readonly resume: LogPosition | null;
  /** 0: nothing yet. */
  readonly acknowledged: () => Lsn;
  /** The stream runs: what is acknowledged may be told to it. */
  readonly begun: (stream: LogicalStream) => void;
}

/** One connection's life: what is missing first, then what comes. Ends when the signal aborts. */
export async function* streamItems(run: StreamRun): AsyncGenerator<FeedItem> {
  const { setup, config, source, resume, signal } = run;
  const { applicationName, publication } = setup.names;
  await using connection = await openReplication(config, {
    applicationName,
    publication,
    notice: setup.notice,
    signal,
  });
  setup.pool.count(connection);
  const start = await findStart({ ...run, connection });
  if (start.gap !== null) {
    const from = resume === null ? null : formatPosition(resume);
    const to = formatPosition({ source, lsn: start.lsn });
    yield { kind: 'gap', gap: { shard, from, to, reason: start.gap }, collections: null };
  }
  // Never more than was acknowledged, and never less than where we began: that was durable before.
  const acknowledged = () => (run.acknowledged() > start.lsn ? run.acknowledged() : start.lsn);
  const { stream, spill, watch } = await beginStream({ ...run, connection, start: start.lsn, acknowledged });
  using _spill = spill;
  await using _watch = watch;
  using running = stream;
  const stop = () => running.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    run.begun(running);
    yield* running.items();
  } catch (thrown) {
    throw streamError(thrown, setup);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What the server says of streams, in our words. */
function streamError(thrown: unknown, { names }: CaptureSetup): unknown {
  // Somebody took the slot in between.
  if (isLockstepError(thrown, 'lock-timeout')) return slotInUse(names.slot, null);
  const cause = isLockstepError(thrown, 'shape-changed') ? toError(thrown.cause).message : '';
  if (!cause.startsWith('publication ')) return thrown;
  return publicationGone(names.publication);
}
