import type { Json } from '../../../index.ts';

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Case does not matter: the bytes are the same. */
export const isUuid = (text: string): boolean => shape.test(text);

/** A UUID as MongoDB's drivers and FeatBit store it: Binary subtype 4, in extended JSON. */
export const binaryOf = (uuid: string): UuidValue => ({
  $binary: { base64: bytesOf(uuid).toString('base64'), subType: '04' },
});

export type UuidValue = {
  readonly $binary: { readonly base64: string; readonly subType: '04' };
};

/** The text of a Binary subtype 4, in lower case; null: it is something else. */
export function textOfBinary(value: Json | undefined): string | null {
  if (typeof value !== 'object' || value === null || !('$binary' in value)) return null;
  const { $binary: binary } = value;
  if (typeof binary !== 'object' || binary === null || !('base64' in binary)) return null;
  const bytes = Buffer.from(String(binary['base64']), 'base64');
  return ['4', '04'].includes(String(binary['subType'])) && bytes.length === 16 ? textOf(bytes) : null;
}

const bytesOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

function textOf(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
