import type { Backing } from '../../../protocol/chunk.ts';
import type { Row } from '../../../protocol/value.ts';
import type { CodecName } from '../types/codecs.ts';

/** A column of a binary stream. `codec: null`: it travels as text that the server made. */
export interface DecodedColumn {
  readonly name: string;
  readonly codec: CodecName | null;
}

export const binaryLayout = 'pg-binary';

/** The bytes that rows were decoded from, and where their fields are. */
export interface RowContent {
  /** All rows that were decoded together; those of a chunk are some of them, in the same order. */
  readonly rows: readonly Row[];
  readonly columns: readonly DecodedColumn[];
  readonly bytes: Buffer;
  /** Per row one offset per column, and one for the end: where the field's length word (int32) stands. */
  readonly offsets: Int32Array;
}

/** The content of a backing of ours; null for another's. */
export function contentOf(backing: Backing | null): RowContent | null {
  return backing !== null && backing.layout === binaryLayout && isRowContent(backing.content)
    ? backing.content
    : null;
}

const isRowContent = (content: unknown): content is RowContent =>
  typeof content === 'object' && content !== null && 'offsets' in content && 'bytes' in content;
