import { isLockstepError, toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { briefTransaction } from '../../../session/brief-transaction.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { Session } from '../../../session/session.ts';
import { lockSchema } from '../../state-schema.ts';
import type { CaptureRequest } from '../capture-request.ts';
import { appearanceOf } from '../setup/appearance.ts';
import { type Capture, readCaptures } from '../setup/captures.ts';
import { lockPatience, mendCapture, type SetupContext } from '../setup/mend-capture.ts';
import { readTableFacts, type TableFacts } from '../setup/table-facts.ts';
import { type CaptureReading, captureReading } from './tell-page.ts';

export interface WatchParts {
  readonly pool: SessionPool;
  readonly session: Session;
  readonly context: SetupContext;
  readonly requests: readonly CaptureRequest[];
}

const everyMs = 250;

/**
 * Looks at the catalogue for what triggers don't tell: other files, table partitions, columns, triggers that are off. What it finds is
 * mended as far as we may, and written into the log, whose reader tells it in its place.
 */
export class CatalogWatch {
  readonly #parts: WatchParts;
  readonly #told = new Set<string>();
  #readings: ReadonlyMap<number, CaptureReading> = new Map();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** What the numbers in the log mean. */
  get readings(): ReadonlyMap<number, CaptureReading> {
    return this.#readings;
  }

  get isDue(): boolean {
    return performance.now() - this.#lookedAt >= everyMs;
  }

  async look(signal: AbortSignal): Promise<void> {
    const { session, context, requests } = this.#parts;
    this.#lookedAt = performance.now();
    const captures = await readCaptures(session, context.layout, { signal });
    const wanted = requests.map(({ table }) => ({ ...table, oid: 0 }));
    const facts = await readTableFacts(session, { layout: context.layout, wanted }, { signal });
    this.#readings = readingsOf({ captures, requests, facts });
    for (const [place, request] of requests.entries())
      if (hasChanged(captures, request, facts[place] ?? null)) await this.#mend(request, signal);
  }

  async #mend(request: CaptureRequest, signal: AbortSignal): Promise<void> {
    const { pool, context } = this.#parts;
    try {
      const mended = await pool.use(
        (session) =>
          briefTransaction(
            session,
            async () => {
              await session.execute(`${lockPatience}; ${lockSchema(context.layout.schemaName)}`, { signal });
              return await mendCapture(session, { context, request }, { signal });
            },
            { signal },
          ),
        { signal },
      );
      for (const statement of mended.refused)
        this.#tellOnce(`${request.source} is not captured as a whole: ${statement}`);
    } catch (thrown) {
      const error = toLockstepError(thrown);
      // Until it succeeds nothing is forgotten: what we saw last stays as it is.
      if (!waits.some((code) => isLockstepError(error, code))) throw error;
      pool.notice({
        kind: 'retry',
        message: `mending the capture of ${request.source} waits: ${error.message}`,
      });
    }
  }

  #tellOnce(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#parts.pool.notice({ kind: 'statement', message });
  }
}

/** Somebody holds a lock; or the log itself is damaged, which its reader finds and mends. */
const waits = [
  'lock-timeout',
  'transaction-conflict',
  'collection-gone',
  'shape-changed',
  'permission-denied',
] as const;

function hasChanged(
  captures: readonly Capture[],
  request: CaptureRequest,
  facts: TableFacts | null,
): boolean {
  const capture = captures.findLast(({ source }) => source === request.source);
  if (capture === undefined) return facts !== null;
  if (facts === null) return capture.active;
  return !capture.active || capture.seen !== JSON.stringify(appearanceOf(facts));
}

interface Known {
  readonly captures: readonly Capture[];
  readonly requests: readonly CaptureRequest[];
  readonly facts: readonly (TableFacts | null)[];
}

function readingsOf({ captures, requests, facts }: Known): ReadonlyMap<number, CaptureReading> {
  return new Map(
    captures.map(({ capture, source, columns }) => {
      const place = requests.findIndex((request) => request.source === source);
      const types = new Map((facts[place]?.columns ?? []).map(({ name, type }) => [name, type]));
      return [capture, captureReading({ source, columns, types }, requests[place]?.readers ?? [])];
    }),
  );
}
