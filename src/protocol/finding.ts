import type { catalogue, ErrorCode } from './errors/catalogue.ts';
import { type ErrorDetails, LockstepError } from './errors/lockstep-error.ts';

/**
 * What `check` found. `error`: the pipeline can't run; `warning`: it runs and a promise falls or something would be
 * lost or surprising; `info`: worth knowing. Each has a code of the catalogue, so each has a page.
 */
export interface Finding {
  readonly level: 'error' | 'warning' | 'info';
  readonly code: ErrorCode;
  /** Where: `source`, `destination`, a collection, a collection's column (`orders.total`). */
  readonly subject: string;
  readonly message: string;
  /** What to do, exactly: SQL to run, option to set. */
  readonly cure: string;
  /** Only rows that have such values are concerned: all can be read, and the target refuses each of them on its own. */
  readonly rowsOnly?: true;
}

/** What the catalogue lets a code be: only told, or an error too. */
type LevelOf<Code extends ErrorCode> = (typeof catalogue)[Code] extends { readonly level: infer Told }
  ? Told extends 'info or warning'
    ? 'info' | 'warning'
    : Told
  : Finding['level'];

/** A finding with the catalogue's words. */
export function finding<Code extends ErrorCode>(
  { level, subject }: { readonly level: Finding['level'] & LevelOf<Code>; readonly subject: string },
  code: Code,
  details: ErrorDetails<Code>,
): Finding {
  const { message, cure } = new LockstepError(code, details);
  return { level, code, subject, message, cure };
}
