import { z } from 'zod';
import { collectionsSchema, pipelineSettingsSchema } from '../../protocol/configuration.ts';
import { SecretText } from '../../protocol/secret.ts';
import { alertsSchema } from './alerts-schema.ts';

/** Used as a file name, in the destination's state and in metrics. */
export const pipelineNameSchema = z
  .string()
  .regex(/^[a-z0-9_-]{1,48}$/, 'must be 1 to 48 lower case letters, digits, `-` or `_`');

const secret = z.union([z.string().min(1), z.instanceof(SecretText)]);

export const storeSchema = z.strictObject({
  /** The control store's file, relative to the configuration's directory. */
  path: z.string().min(1).default('.lockstep/lockstep.db'),
  /** Seals the rows of dead letters: 32 bytes as base64 or hex. A list: the first seals, all open. Without one no row is kept. */
  key: z.union([secret, z.array(secret).min(1)]).optional(),
});

/** A pipeline, once it is known which connectors it names. */
export function pipelineSchema(sides: { readonly source: z.ZodType; readonly destination: z.ZodType }) {
  return z.strictObject({
    source: sides.source,
    destination: sides.destination,
    collections: collectionsSchema,
    ...pipelineSettingsSchema.shape,
  });
}

/** The whole of a configuration whose pipelines have these schemas. */
export function configurationSchema(pipelines: Readonly<Record<string, ReturnType<typeof pipelineSchema>>>) {
  return z.strictObject({
    pipelines: z.strictObject(pipelines),
    store: storeSchema.prefault({}),
    alerts: alertsSchema.prefault({}),
  });
}
