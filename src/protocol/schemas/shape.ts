import { z } from 'zod';
import type { SourceIdentity } from '../identity.ts';
import type { SelectedColumn, Selection } from '../selection.ts';
import type { Column, KeyShape, Reference, Shape } from '../shape.ts';
import { collectionNameSchema } from './names.ts';

const name = z.string().min(1);
const names = z.array(name);

export const sourceIdentitySchema: z.ZodType<SourceIdentity> = z.strictObject({
  connector: name,
  id: name,
  label: name,
});

export const columnSchema: z.ZodType<Column> = z.strictObject({
  name: z.string(),
  type: name,
  nullable: z.boolean(),
  generated: z.boolean(),
  hasDefault: z.boolean(),
  labels: z.array(z.string()).exactOptional(),
});

export const keyShapeSchema: z.ZodType<KeyShape> = z.strictObject({
  columns: names.min(1),
  order: name.nullable(),
  deferrable: z.literal(true).exactOptional(),
});

export const referenceSchema: z.ZodType<Reference> = z.strictObject({
  columns: names.min(1),
  collection: collectionNameSchema,
  referencedColumns: names.min(1),
  deferrable: z.boolean(),
});

export const shapeSchema: z.ZodType<Shape> = z.strictObject({
  collection: collectionNameSchema,
  dialect: name,
  columns: z.array(columnSchema),
  open: z.strictObject({ all: name }).exactOptional(),
  key: keyShapeSchema.nullable(),
  identities: z.array(names.min(1)).exactOptional(),
  uniques: z.array(names.min(1)),
  references: z.array(referenceSchema),
  estimatedRows: z.number().nonnegative(),
  estimatedBytes: z.number().nonnegative(),
  native: z.unknown(),
});

export const selectedColumnSchema: z.ZodType<SelectedColumn> = z.strictObject({
  name: z.string(),
  from: z.union([z.strictObject({ column: z.string() }), z.strictObject({ expression: z.string() })]),
  as: z.string().nullable(),
});

export const selectionSchema: z.ZodType<Selection> = z.strictObject({
  columns: z.array(selectedColumnSchema),
  filter: z.string().nullable(),
});
