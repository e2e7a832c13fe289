/**
 * Values of the `rows` format.
 *
 * A connector decodes what its database stores into these and encodes them back without loss. What JavaScript
 * can't hold exactly travels as text: `numeric`, times (ISO 8601 with all digits that the source has, UTC for
 * times with a zone), and types that only their own database understands (ranges, composites, geometry …).
 *
 * Objects and arrays are frozen by the reader: a mapping makes new ones.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | NativeValue
  | readonly Value[]
  | { readonly [name: string]: Value };

/**
 * A value that JavaScript has no type of its own for, as an object of the database's driver: MongoDB's ids, decimals, doubles. Nobody but its
 * connector looks into it. BSON libraries mark their classes by this property.
 */
export interface NativeValue {
  readonly _bsontype: string;
}

export const isNative = (value: object): value is NativeValue => '_bsontype' in value;

/** One record. Columns that the selection did not name are absent, which is not the same as null. */
export type Row = { readonly [column: string]: Value };

/** What can be stored as JSON: cursors, checkpoints, samples for people. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
