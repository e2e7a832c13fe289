import { z } from 'zod';
import { faultOfSchedule } from '../../engine/schedule/moments.ts';
import { collectionsSchema, pipelineSettingsSchema, scheduleSchema } from '../../protocol/configuration.ts';
import { alertsSchema } from './alerts-schema.ts';
import { storeSchema } from './store-schema.ts';

/** `also`: what else may stand there, for whoever has written what is no schedule. */
const comingSchedule = (also = '') =>
  scheduleSchema.superRefine((schedule, context) => {
    const fault = faultOfSchedule(schedule);
    if (fault !== null) context.addIssue({ code: 'custom', message: `can’t be used: ${fault}${also}` });
  });

/** A pipeline, once it is known which connectors it names. */
export function pipelineSchema(sides: { readonly source: z.ZodType; readonly destination: z.ZodType }) {
  return z.strictObject({
    source: sides.source,
    destination: sides.destination,
    collections: collectionsSchema,
    ...pipelineSettingsSchema.shape,
    schedule: comingSchedule().optional(),
    comparison: z.union([z.literal('off'), comingSchedule('; or `off`')]).optional(),
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
