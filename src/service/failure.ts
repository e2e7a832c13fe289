import { catalogue, type ErrorCode } from '../protocol/errors/catalogue.ts';
import { type ErrorClass, type ExitName, exitCodes } from '../protocol/errors/error-class.ts';
import {
  isLockstepError,
  LockstepError,
  toError,
  toLockstepError,
} from '../protocol/errors/lockstep-error.ts';
import { nearestHint } from '../protocol/nearest-name.ts';

/** An error with everything that somebody who meets it is told; plain data, the same for CLI and API. */
export interface Failure {
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly message: string;
  readonly cause: string;
  readonly cure: string;
  /** Where it is explained. */
  readonly docs: string;
}

/** Anything that was thrown, with the exit code it asks for. `error` is for debugging: its causes may hold values of rows. */
export function describeFailure(thrown: unknown): {
  readonly failure: Failure;
  readonly exitCode: number;
  readonly error: Error;
} {
  const error = toLockstepError(thrown);
  const { code, message, cure, exitCode } = error;
  const failure = {
    code,
    class: error.class,
    message,
    cause: catalogue[code].cause,
    cure,
    docs: documentationOf(code),
  };
  return { failure, exitCode, error };
}

/** The page is generated from the catalogue; each code is a heading of it. */
export const documentationOf = (code: ErrorCode): string => `docs/reference/errors.md#${code}`;

export const exitCodeOf = (exit: ExitName): number => exitCodes[exit];

/** What a failed part of a result makes the process exit with: what it would have alone. */
export const exitOfCode = (code: ErrorCode): ExitName => catalogue[code].exit;

export const usageError = (detail: string, hint: string): LockstepError =>
  new LockstepError('usage', { detail, hint });

export const reasonOf = (thrown: unknown): string => toError(thrown).message;

/** SIGTERM is how a service is stopped: drained, that is no failure. */
export const wasTerminated = ({ reason }: AbortSignal): boolean =>
  isLockstepError(reason, 'interrupted') && reason.details['detail'] === 'SIGTERM';

/** The control store does not answer; it may again. */
export const isStoreAway = (thrown: unknown): thrown is LockstepError =>
  isLockstepError(thrown, 'store-unreachable');

export const interruption = (detail: string): LockstepError => new LockstepError('interrupted', { detail });

export function unknownPipeline(name: string, names: readonly string[]): LockstepError {
  return new LockstepError('pipeline-unknown', {
    name,
    known: `${names.join(', ')}${nearestHint(name, names)}`,
  });
}

export const unknownRecipe = (name: string, names: readonly string[]): LockstepError =>
  usageError(
    `There is no recipe ${name}${nearestHint(name, names)}`,
    `There are: ${names.join(', ') || 'none'}`,
  );
