import type { z } from 'zod';
import type { postgresConfigSchema } from '../../connectors/postgres/config.ts';
import type { collectionsSchema, pipelineSettingsSchema } from '../../protocol/configuration.ts';
import type { SecretText } from '../../protocol/secret.ts';
import type { EnvReference } from '../secrets/env-reference.ts';
import type { alertsSchema } from './alerts-schema.ts';
import type { storeSchema } from './store-schema.ts';

/** Any single value may be a reference to the environment instead. */
export type Referable<Value> = Value extends string | number | boolean
  ? Value | EnvReference
  : Value extends SecretText | ((...values: never[]) => unknown)
    ? Value
    : Value extends readonly (infer Item)[]
      ? readonly Referable<Item>[]
      : Value extends object
        ? { readonly [Name in keyof Value]: Referable<Value[Name]> }
        : Value;

/** A connector's part of a pipeline, told apart by `connector`. */
export type SourceConfig = WithLiteralConnector<z.input<typeof postgresConfigSchema>>;
export type DestinationConfig = WithLiteralConnector<z.input<typeof postgresConfigSchema>>;

export type PipelineConfig = Referable<z.input<typeof pipelineSettingsSchema>> & {
  readonly source: SourceConfig;
  readonly destination: DestinationConfig;
  /** A list of names and patterns, or name → mapping. */
  readonly collections: Referable<z.input<typeof collectionsSchema>>;
};

export interface LockstepConfig {
  readonly pipelines: Readonly<Record<string, PipelineConfig>>;
  readonly store?: Referable<z.input<typeof storeSchema>>;
  readonly alerts?: Referable<z.input<typeof alertsSchema>>;
}

/** Gives a configuration its types; changes nothing. */
export function defineConfig<const Config extends LockstepConfig>(config: Config): Config {
  return config;
}

/** Which connector it is decides which schema holds, so it can't come from the environment. */
type WithLiteralConnector<Config extends { readonly connector: string }> = Referable<
  Omit<Config, 'connector'>
> &
  Readonly<Pick<Config, 'connector'>>;
