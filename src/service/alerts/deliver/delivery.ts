import type { AlertMessage } from '../../../protocol/alerts.ts';

/** What came of one attempt. `refused`: this message will never be taken; `failed`: later it may be. */
export type Delivery =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused'; readonly detail: string }
  | {
      readonly kind: 'failed';
      readonly detail: string;
      /** The target said when to come back. */
      readonly retryAfterMs: number | null;
      /** Others of the target have it; these have not. Without: nobody has. */
      readonly left?: readonly string[];
    };

export interface Attempt {
  readonly message: AlertMessage;
  /** Of a target with several addresses: who has not taken it yet. Default: nobody has. */
  readonly left?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

export const delivered: Delivery = { kind: 'delivered' };
