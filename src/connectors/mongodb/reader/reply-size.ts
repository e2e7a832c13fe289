interface Reply {
  readonly bytes: { readonly length: number };
  readonly count: number;
}

/** Of how many documents the first reply is, before anything is known of their size. */
export const firstReply = 100;

const aimBytes = 2 * 1024 * 1024;
/** The driver keeps the newest reply of each connection. */
const most = 1_000;

/**
 * How many documents to ask for after a reply: about 2 MiB of them. The server fills 16 MB otherwise, several of which are in memory by the
 * time they are written.
 */
export function nextReply({ bytes, count }: Reply): number {
  if (count === 0) return firstReply;
  return Math.max(1, Math.min(most, Math.floor((aimBytes * count) / bytes.length)));
}
