import type { z } from 'zod';
import type { DigestNegotiator } from './digest.ts';
import type { Feed } from './feed.ts';
import type { Reader } from './reader.ts';
import type { SecretText } from './secret.ts';
import type { Writer } from './writer.ts';

/**
 * What a connector offers the service: a name, the schema of its part of the configuration, and how to open its parts. Importing
 * the module that holds this must not load a driver; `open…` does that.
 */
export interface Connector<Config = unknown> {
  readonly name: string;
  /** Validates `{ connector: name, … }`; strict, with secrets as `SecretText` after resolution. */
  readonly configSchema: z.ZodType<Config>;
  /** Address without secrets, for people: `postgres://app@db.example:5432/shop`. */
  label(config: Config): string;
  /** Everything in this configuration that must never be shown, for the redactor. */
  secrets(config: Config): readonly SecretText[];
  openReader?(config: Config, context: ConnectorContext): Promise<Reader & Partial<DigestNegotiator>>;
  openFeed?(config: Config, context: ConnectorContext): Promise<Feed>;
  openWriter?(
    config: Config,
    context: ConnectorContext,
  ): Promise<Writer & { readonly reader: Reader & Partial<DigestNegotiator> }>;
}

export interface ConnectorContext {
  readonly pipeline: string;
  readonly signal: AbortSignal;
  /** How many pieces of work run side by side, so that a pool can be as large as needed and no larger. */
  readonly lanes: number;
  /** Things worth telling that are not errors: waiting for a lock, a retry, a statement that was made. */
  readonly notice: (notice: ConnectorNotice) => void;
  /** Where connections are counted; absent: nobody asks. */
  readonly connections?: ConnectionCount | undefined;
  /**
   * One start of a pipeline: a feed that is opened anew during it, since plans were made anew, goes on with what the one before had seen.
   * Absent: there was none before.
   */
  readonly life?: object | undefined;
}

/** Told of each connection to one side when it opens or closes, and when work begins or ends with it. */
export interface ConnectionCount {
  open(by: 1 | -1): void;
  inUse(by: 1 | -1): void;
}

export interface ConnectorNotice {
  readonly kind: 'waiting' | 'retry' | 'statement' | 'warning';
  readonly message: string;
}
