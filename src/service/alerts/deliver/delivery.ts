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
    };

export interface Attempt {
  readonly message: AlertMessage;
  readonly signal: AbortSignal;
}

export const delivered: Delivery = { kind: 'delivered' };
