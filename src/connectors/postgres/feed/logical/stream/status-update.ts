import { frameBytes, writeFrame } from '../../../copy/frames.ts';
import { timeBytes } from '../decode/field-reader.ts';
import type { Lsn } from '../lsn.ts';

export interface Progress {
  /** Received. */
  readonly written: Lsn;
  /** Durable at the destination: the server may forget what is before it. */
  readonly flushed: Lsn;
}

const payloadBytes = 34;

/** Standby status update: https://www.postgresql.org/docs/current/protocol-replication.html */
export function statusUpdate(
  { written, flushed }: Progress,
  options: { readonly atMs: number; readonly wantsReply: boolean },
): Buffer {
  const message = Buffer.allocUnsafe(frameBytes + payloadBytes);
  writeFrame(message, 0, payloadBytes);
  message[frameBytes] = 0x72; // 'r'
  message.writeBigUInt64BE(written > flushed ? written : flushed, frameBytes + 1);
  message.writeBigUInt64BE(flushed, frameBytes + 9);
  message.writeBigUInt64BE(flushed, frameBytes + 17);
  message.writeBigInt64BE(timeBytes(options.atMs), frameBytes + 25);
  message[frameBytes + 33] = options.wantsReply ? 1 : 0;
  return message;
}
