import type { z } from 'zod';
import type { AlertRulesConfig } from '../../protocol/alerts.ts';
import type { collectionsSchema, PipelineSettings } from '../../protocol/configuration.ts';
import type { Connector } from '../../protocol/connector.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { SecretText } from '../../protocol/secret.ts';
import type { KeySource } from '../../store/secrets/keyring.ts';
import type { AlertTarget } from '../alerts/target.ts';
import type { ResolvedReference } from './resolved-reference.ts';

/** A configuration that was checked as a whole: defaults filled in, references resolved, secrets sealed. Made once. */
export interface ResolvedConfig {
  /** The file it came from; null when it was given from code. */
  readonly file: string | null;
  /** What relative paths start from. */
  readonly directory: string;
  readonly store: ResolvedStore;
  readonly alerts: ResolvedAlerts;
  readonly pipelines: ReadonlyMap<PipelineName, ResolvedPipeline>;
  /** Stored connection → pipelines that refer to it. */
  readonly connectionUses: ReadonlyMap<string, readonly PipelineName[]>;
  /** Everything that must never be shown. */
  readonly secrets: readonly SecretText[];
  /** What is looked for in the environment and in files. */
  readonly references: readonly ResolvedReference[];
}

export type ResolvedStore = StorePlace & {
  /** None: nothing of a row that can't be applied is kept. */
  readonly keys: KeySource;
};

/** `directory`: of this machine, where what does not fit into memory is spilled. */
export type StorePlace =
  | { readonly kind: 'sqlite'; readonly path: string; readonly directory: string }
  | {
      readonly kind: 'postgres';
      readonly url: SecretText;
      /** Address without secrets, for people. */
      readonly label: string;
      readonly schema: string;
      readonly directory: string;
    }
  | {
      readonly kind: 'mongodb';
      readonly url: SecretText;
      readonly label: string;
      readonly database: string;
      readonly directory: string;
    };

export interface ResolvedAlerts {
  readonly targets: ReadonlyMap<string, AlertTarget>;
  readonly rules: AlertRulesConfig;
  /** An alert is over once it has been good for so long. */
  readonly settleMs: number;
  readonly lookEveryMs: number;
  /** What a target may take for one message. */
  readonly timeoutMs: number;
  /** Says texts and next steps as those who read them know them. */
  readonly words: (text: string) => string;
  readonly retry: { readonly initialDelayMs: number; readonly maxDelayMs: number };
}

export interface ResolvedPipeline {
  readonly name: PipelineName;
  readonly source: ConfiguredConnector;
  readonly destination: ConfiguredConnector;
  readonly collections: CollectionsConfig;
  readonly settings: PipelineSettings;
}

/** A connector together with its checked part of the configuration. */
export interface ConfiguredConnector {
  readonly connector: Connector;
  readonly config: unknown;
  /** Address without secrets, for people. */
  readonly label: string;
}

/** A list of names and patterns, or name → mapping. */
export type CollectionsConfig = z.output<typeof collectionsSchema>;
