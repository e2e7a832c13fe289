import type { ErrorCode } from './catalogue.ts';
import { type ErrorDetails, LockstepError } from './lockstep-error.ts';

/** What a result tells of an error. */
export interface ToldFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly cure: string;
}

/** Its texts are filled already; class, cause and exit are those of its code. */
class ToldError extends LockstepError {
  override readonly cure: string;

  constructor({ code, message, cure }: ToldFailure) {
    super(code, {} as ErrorDetails<ErrorCode>);
    this.message = message;
    this.cure = cure;
  }
}

/** The error of a failure in a result, to be thrown by whoever can do nothing without the part that failed. */
export const errorOfFailure = (failure: ToldFailure): LockstepError => new ToldError(failure);
