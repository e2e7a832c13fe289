import type { Kill } from './acts-of-copying.ts';

/** What the acts found. */
export interface Findings {
  readonly kill: Kill;
  /** The run after the kill brought the rest. */
  readonly copied: boolean;
  /** Rows that differed after somebody meddled. */
  readonly drift: number;
  readonly repaired: number;
  /** A refresh came in, went back and came in again, each as it should. */
  readonly refreshed: boolean;
  /** By `verify` and by an export that is not ours. */
  readonly verified: boolean;
  /** Rows that differ at the end. */
  readonly left: number;
  readonly deadLetters: number;
  /** After the kill of the engine that owned it the one that stood by had the live pipeline. */
  readonly takenOver: boolean;
  /** Rows that did not arrive live in their time. */
  readonly missed: number;
  /** SIGTERM ended the live engine with exit code 0. */
  readonly drained: boolean;
}

/** Whether the demo showed what it says it shows: a kill that came too late, or drift that was not found, is no success either. */
export const isRight = ({
  kill,
  copied,
  drift,
  repaired,
  refreshed,
  verified,
  left,
  deadLetters,
  takenOver,
  missed,
  drained,
}: Findings): boolean =>
  kill.inTheMiddle &&
  copied &&
  drift > 0 &&
  repaired > 0 &&
  refreshed &&
  verified &&
  left === 0 &&
  deadLetters === 0 &&
  takenOver &&
  missed === 0 &&
  drained;
