import type { SecretText } from '../../protocol/secret.ts';

/** Where alerts are sent. URLs are secrets: whoever knows one can write there. */
export type AlertTarget = EmailTarget | SlackTarget | WebhookTarget;

export interface EmailTarget {
  readonly kind: 'email';
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit' | 'none';
  /** PEM of the authorities to trust instead of those that Node knows; null: those. */
  readonly ca: string | null;
  readonly login: { readonly user: string; readonly password: SecretText } | null;
  readonly from: string;
  readonly to: readonly string[];
}

export interface SlackTarget {
  readonly kind: 'slack';
  readonly url: SecretText;
}

export interface WebhookTarget {
  readonly kind: 'webhook';
  readonly url: SecretText;
  /** Null: the body is not signed. */
  readonly secret: SecretText | null;
}
