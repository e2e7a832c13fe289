import { z } from 'zod';
import { isNative, type Json, type Row, type Value } from '../value.ts';

export const valueSchema: z.ZodType<Value> = z.custom<Value>(isValue, 'is no value of the rows format');
export const rowSchema: z.ZodType<Row> = z.custom<Row>(isRow, 'is no row');
export const jsonSchema: z.ZodType<Json> = z.json();

const plainTypes: ReadonlySet<string> = new Set(['boolean', 'number', 'bigint', 'string']);

function isValue(value: unknown): boolean {
  if (value === null || plainTypes.has(typeof value)) return true;
  if (typeof value !== 'object') return false;
  if (value instanceof Date || value instanceof Uint8Array || isNative(value)) return true;
  return Object.values(value).every(isValue);
}

function isRow(row: unknown): boolean {
  return typeof row === 'object' && row !== null && !Array.isArray(row) && Object.values(row).every(isValue);
}
