import { catalogue, type ErrorCode } from './catalogue.ts';
import type { Places } from './entry.ts';
import { type ErrorClass, type ExitName, exitCodes } from './error-class.ts';

type Entry<Code extends ErrorCode> = (typeof catalogue)[Code];
type PlaceNames<Code extends ErrorCode> = Places<Entry<Code>['message']> | Places<Entry<Code>['cure']>;
export type ErrorDetails<Code extends ErrorCode> = Readonly<Record<PlaceNames<Code>, string | number>>;

/**
 * Every error that leaves a part of Lockstep: a code of the catalogue with its places filled. Never holds values of rows (but a key, where
 * that is what has to be found) or secrets in its message; `cause` keeps the driver's error for debugging inside the process and is not shown.
 */
export class LockstepError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'LockstepError';
  readonly code: Code;
  readonly class: ErrorClass;
  readonly exit: ExitName;
  readonly cure: string;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: Code,
    details: ErrorDetails<Code>,
    options?: { readonly cause?: unknown; readonly class?: ErrorClass; readonly exit?: ExitName },
  ) {
    const entry = catalogue[code];
    super(fill(entry.message, details), options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.class = options?.class ?? entry.class;
    this.exit = options?.exit ?? entry.exit;
    this.cure = fill(entry.cure, details);
    this.details = details;
  }

  get exitCode(): number {
    return exitCodes[this.exit];
  }

  toJSON(): { code: string; message: string; cure: string; class: ErrorClass } {
    return { code: this.code, message: this.message, cure: this.cure, class: this.class };
  }
}

/** Anything that was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Anything that was thrown, as one of ours; what we did not foresee is `internal` and keeps its cause. */
export function toLockstepError(thrown: unknown): LockstepError {
  if (thrown instanceof LockstepError) return thrown;
  // What ended the work counts, not what went wrong besides while it was being ended.
  if (thrown instanceof SuppressedError) return toLockstepError(thrown.suppressed);
  const error = toError(thrown);
  return new LockstepError('internal', { detail: error.message }, { cause: error });
}

export const isLockstepError = (thrown: unknown, code?: ErrorCode): thrown is LockstepError =>
  thrown instanceof LockstepError && (code === undefined || thrown.code === code);

function fill(text: string, details: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? `{${name}}`));
}
