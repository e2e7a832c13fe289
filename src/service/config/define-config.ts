import type { z } from 'zod';
import type { mongodbConfigSchema } from '../../connectors/mongodb/config.ts';
import type { postgresConfigSchema } from '../../connectors/postgres/config.ts';
import type {
  collectionSchema,
  collectionsSchema,
  pipelineSettingsSchema,
} from '../../protocol/configuration.ts';
import type { SecretText } from '../../protocol/secret.ts';
import type { StoredReference } from '../secrets/stored-reference.ts';
import type { alertsSchema } from './alerts-schema.ts';
import type { Reference } from './look-up.ts';
import type { storeSchema } from './store-schema.ts';

/** Any single value may be a reference to the environment or a file instead. */
export type Referable<Value> = Value extends string | number | boolean
  ? Value | Reference
  : Value extends SecretText | ((...values: never[]) => unknown)
    ? Value
    : Value extends readonly (infer Item)[]
      ? readonly Referable<Item>[]
      : Value extends object
        ? { readonly [Name in keyof Value]: Referable<Value[Name]> }
        : Value;

/** A connector's part of a pipeline, told apart by `connector`. */
export type SourceConfig =
  | WithStoredUrl<WithLiteralConnector<z.input<typeof mongodbConfigSchema>>>
  | WithStoredUrl<WithLiteralConnector<z.input<typeof postgresConfigSchema>>>;
export type DestinationConfig = SourceConfig;

export type PipelineConfig = Referable<z.input<typeof pipelineSettingsSchema>> & {
  readonly source: SourceConfig;
  readonly destination: DestinationConfig;
  /** A list of names and patterns, or name → mapping. */
  readonly collections: Referable<z.input<typeof collectionsSchema>>;
};

/** One entry of `collections`. */
export type CollectionConfig = Referable<z.input<typeof collectionSchema>>;

export interface LockstepConfig {
  readonly pipelines: Readonly<Record<string, PipelineConfig>>;
  readonly store?: Referable<z.input<typeof storeSchema>>;
  readonly alerts?: Referable<z.input<typeof alertsSchema>>;
}

/** Gives a configuration its types, so that an editor marks keys that there are not; changes nothing. */
export function defineConfig(config: LockstepConfig): LockstepConfig {
  return config;
}

/** Which connector it is decides which schema holds, so it can't come from the environment. */
type WithLiteralConnector<Config extends { readonly connector: string }> = Referable<
  Omit<Config, 'connector'>
> &
  Readonly<Pick<Config, 'connector'>>;

/** A URL may be kept in the control store. */
type WithStoredUrl<Config> = {
  readonly [Name in keyof Config]: Name extends 'url' ? Config[Name] | StoredReference : Config[Name];
};
