/**
 * Stands in a configuration for the URL of a connection that is kept, sealed, in the control store. A plain object, so that it survives JSON
 * (`{ "$stored": "shop" }`) and two copies of the package.
 */
export interface StoredReference {
  readonly $stored: string;
}

/** Refers to a connection that `lockstep connections set` has stored: at the `url` of a source or destination. Read when the engine is made. */
export const stored = (name: string): StoredReference => ({ $stored: name });

export function isStoredReference(value: unknown): value is StoredReference {
  return (
    typeof value === 'object' && value !== null && '$stored' in value && typeof value.$stored === 'string'
  );
}
