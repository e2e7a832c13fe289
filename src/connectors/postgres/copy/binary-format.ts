import { frame } from './frames.ts';

/** https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". */

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, length of a header extension that nobody uses. */
const header = Buffer.concat([signature, Buffer.alloc(8)]);

export const headerBytes: number = header.length;

/** Framed; the first thing to write into a COPY FROM STDIN (FORMAT binary). */
export const copyHeader: Buffer = frame(header);
/** Framed; the last thing to write. */
export const copyTrailer: Buffer = frame(Buffer.from([0xff, 0xff]));

/** True when the content begins with the header of a stream. */
export const beginsWithHeader = (content: Buffer): boolean =>
  content.subarray(0, signature.length).equals(signature);
