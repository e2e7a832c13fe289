import {
  isLockstepError,
  type LockstepError,
  toLockstepError,
} from '../../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../../protocol/errors/refusal.ts';
import { reach } from '../../../protocol/failpoints.ts';
import type { Outcome } from '../../../protocol/outcome.ts';
import type { StreamWriter, WindowPart, WindowWrite, WriteOptions } from '../../../protocol/writer.ts';
import { GatheredOutcomes, isDivisible, type Piece, type Step, splitWindow } from './split-window.ts';
import { lanePosition, type WindowExtent } from './torn-windows.ts';

/** Windows that are written as one after lanes stood in each other's way: by the next, values and references may have come apart. */
const calmWindows = 20;

/**
 * Writes a window by several transactions at once, each with the keys of one lane and a position of its own. What lanes do to each other (a
 * value that moves between them, rows that refer to rows of another, a deadlock) is no fault of the changes: then all of it is written
 * again in one transaction, in which a repeat finds what is there.
 */
export class LanedWriter {
  readonly #writer: Pick<StreamWriter, 'applyWindow' | 'lanes'>;
  readonly #wanted: number;
  #calm = 0;

  constructor(writer: Pick<StreamWriter, 'applyWindow' | 'lanes'>, wanted: number) {
    this.#writer = writer;
    this.#wanted = wanted;
  }

  /** Whether the next window, with these parts, is one for lanes; else its position may go with it. */
  wants(parts: readonly WindowPart[]): boolean {
    if (this.#lanes < 2 || !isDivisible(parts)) return false;
    if (this.#calm === 0) return true;
    this.#calm -= 1;
    return false;
  }

  get #lanes(): number {
    return Math.min(this.#wanted, this.#writer.lanes ?? 1);
  }

  /** The shard does not move by it. */
  async apply(
    window: Pick<WindowWrite, 'parts' | 'newestLetter'>,
    extent: WindowExtent,
    options: WriteOptions,
  ): Promise<readonly (readonly Outcome[])[]> {
    const gathered = new GatheredOutcomes(window.parts);
    for (const step of splitWindow(window.parts, this.#lanes)) {
      const failure = await this.#applyStep(window, { step, extent, gathered }, options);
      if (failure === null) continue;
      if (!isOfLanes(failure)) throw failure;
      this.#calm = calmWindows;
      return await this.#writer.applyWindow(
        { ...window, position: lanePosition(extent, 0), marks: new Map() },
        options,
      );
    }
    return gathered.all;
  }

  /** All lanes have ended when this returns: what failed, of several what matters most. */
  async #applyStep(
    { parts, newestLetter }: Pick<WindowWrite, 'parts' | 'newestLetter'>,
    request: { readonly step: Step; readonly extent: WindowExtent; readonly gathered: GatheredOutcomes },
    options: WriteOptions,
  ): Promise<LockstepError | null> {
    const writeLane = async ([lane, pieces]: readonly [number, readonly Piece[]]): Promise<void> => {
      const position = lanePosition(request.extent, lane);
      const own = pieces.flatMap((piece) => partOf(parts, piece));
      const write = { parts: own, position, marks: new Map(), newestLetter };
      request.gathered.add(pieces, await this.#writer.applyWindow(write, options));
      reach('stream.lane.after');
    };
    const ends = await Promise.allSettled([...request.step].map(writeLane));
    const failures = ends.flatMap((end) => (end.status === 'rejected' ? [toLockstepError(end.reason)] : []));
    return failures.find((failure) => !isOfLanes(failure)) ?? failures[0] ?? null;
  }
}

const partOf = (parts: readonly WindowPart[], { part, changes }: Piece): WindowPart[] => {
  const whole = parts[part];
  return whole === undefined ? [] : [{ target: whole.target, changes }];
};

/** May come from the lanes, and if it does not, the whole says so again. */
const isOfLanes = (error: LockstepError): boolean =>
  isRefusal(error) || isLockstepError(error, 'transaction-conflict');
