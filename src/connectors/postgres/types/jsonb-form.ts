import type { Value } from '../../../protocol/value.ts';
import { NotEncodable } from './codec.ts';
import { sourceOf } from './json-text.ts';

/**
 * The text that jsonb_out gives for a value, so that it can be compared by bytes: keys by the length of their UTF-8 form and then
 * by its bytes, numbers as numeric shows them, `, ` and `: ` between. Keys that are set twice can't occur in an object.
 */
export function jsonbText(value: Value): string {
  const source = sourceOf(value);
  if (source !== undefined) return normalSource(source, value);
  switch (typeof value) {
    case 'string':
      return stringText(value);
    case 'number':
      return numberText(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return containerText(value);
  }
}

/** Text of a jsonb column is normal already; text of a json column is not and loses its spelling here. */
function normalSource(source: string, value: Value): string {
  const isScalarBox = typeof value === 'object' && value !== null && 'json' in value && value.json === source;
  return isScalarBox || isNormal(source) ? source : jsonbText(structuredClone(value));
}

/** jsonb_out puts exactly one blank after each comma and colon outside of strings, and none elsewhere. */
function isNormal(source: string): boolean {
  const bare = source.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return !/[,:](?! \S)|\s(?<![,:] )|\n/.test(bare);
}

function containerText(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Date) return stringText(value.toJSON());
  if (value instanceof Uint8Array || typeof value !== 'object') throw new NotEncodable(value);
  if (Array.isArray(value)) return `[${value.map((item: Value) => jsonbText(item)).join(', ')}]`;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  const sorted = entries.map(([key, part]) => ({ key, part, bytes: Buffer.from(key) }));
  sorted.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return `{${sorted.map(({ key, part }) => `${stringText(key)}: ${jsonbText(part)}`).join(', ')}}`;
}

/** As escape_json: short escapes for five, \u00xx for other control characters, nothing else. JSON.stringify agrees. */
const stringText = (text: string): string => JSON.stringify(text);

function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  const text = String(value === 0 ? 0 : value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = '', integer = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  if (shift > 0) return sign + integer + fraction.padEnd(shift, '0');
  return `${sign}0.${'0'.repeat(-shift - 1)}${integer}${fraction}`;
}
