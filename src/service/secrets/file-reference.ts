/**
 * Stands in a configuration for what a file holds. A plain object, so that it survives JSON (`{ "$file": "path" }`) and two copies of the
 * package.
 */
export interface FileReference {
  readonly $file: string;
}

/**
 * Refers to a file that holds one value, such as a mounted secret; a relative path starts beside the configuration. One line break at its
 * end is dropped. Where a number or a boolean is wanted, the text is read as one.
 */
export const file = (path: string): FileReference => ({ $file: path });

export function isFileReference(value: unknown): value is FileReference {
  return typeof value === 'object' && value !== null && '$file' in value && typeof value.$file === 'string';
}
