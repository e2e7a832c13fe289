import { z } from 'zod';
import type { CursorMark, CursorSettings } from '../since.ts';
import { cursorSchema } from './names.ts';

export const cursorSettingsSchema: z.ZodType<CursorSettings> = z.strictObject({
  column: z.string().min(1),
  overlap: z.union([z.string(), z.number()]).nullable(),
  timeZone: z.string().nullable(),
});

export const cursorMarkSchema: z.ZodType<CursorMark> = z.strictObject({
  next: cursorSchema,
  gap: z.string().nullable(),
  at: z.string(),
  waitsFor: z.string().nullable(),
});
