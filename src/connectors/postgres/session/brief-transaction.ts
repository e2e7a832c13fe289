import type { Session, TransactionOptions } from './session.ts';

/**
 * A transaction that the server itself ends when we fall silent in the middle of it: an engine that is paused, or whose machine is gone, must
 * not hold locks or keep older transactions open for whoever takes over. For writes of several round trips at a source, and for takeovers.
 */
export const briefTransaction = <T>(
  session: Session,
  work: () => Promise<T>,
  options: Omit<TransactionOptions, 'begin'>,
): Promise<T> => session.transaction(work, { ...options, begin: beginBrief });

/** Shorter than it takes until another engine owns the pipeline. */
const longestSilence = '4s';

/** Begins one, for those who have more to set. */
export const beginBrief = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '${longestSilence}'`;
