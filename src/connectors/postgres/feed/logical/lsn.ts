/** A place in the write-ahead log, in bytes from its beginning. */
export type Lsn = bigint;

/** `16/B374D848` */
export const formatLsn = (lsn: Lsn): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;

/** Null: it is none. */
export function parseLsn(text: string): Lsn | null {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) return null;
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** Of what the server itself said. */
export function lsnOf(text: string): Lsn {
  const lsn = parseLsn(text);
  if (lsn === null) throw new Error(`the server gave ${JSON.stringify(text)} as a place in its log`);
  return lsn;
}

/** Fixed width, so that texts order as places do. */
export const versionOf = (lsn: Lsn): string => lsn.toString(16).padStart(16, '0');

/**
 * The server names where the next record will begin, which is behind the header of a page when the last record ended with the page
 * before; the stream only ever names ends of records. Header sizes: src/include/access/xlog_internal.h.
 */
export function endOfRecords(insertPosition: Lsn, pageBytes: Lsn): Lsn {
  const inPage = insertPosition % pageBytes;
  return inPage === 24n || inPage === 40n ? insertPosition - inPage : insertPosition;
}
