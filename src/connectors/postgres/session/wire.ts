import type { Duplex } from 'node:stream';
import type { ReadBuffers } from './read-buffers.ts';

/** Takes the CopyData messages of a COPY TO STDOUT, with their frames, cut anywhere. */
export interface CopyReceiver {
  /** `messages`: how many CopyData messages begin in this piece. */
  /** `release`: nobody looks at the piece any more, and its memory may be read into again. Who keeps it does not call it. */
  onCopyData(piece: Buffer, messages: number, release: () => void): void;
}

type DataListener = (piece: Buffer) => void;

const copyData = 0x64; // 'd'
const copyOutResponse = 0x48; // 'H'
const copyDone = 0x63; // 'c'
const headerBytes = 5;

/**
 * Stands between a connection's stream and the driver's parser and walks message headers (a type byte and an
 * int32 length that counts itself, https://www.postgresql.org/docs/current/protocol-message-formats.html). While
 * a COPY runs, its rows go to the receiver without being parsed, copied or even looked at; everything else
 * goes on to the driver. The driver's parser would build an object per row: this costs nothing per row but four bytes read.
 */
export class Wire {
  readonly stream: Duplex;
  /** When the last byte came, in `performance.now()` milliseconds. */
  lastByteAt = performance.now();
  receiver: CopyReceiver | null = null;
  readonly #driver: readonly DataListener[];
  readonly #buffers: ReadBuffers | null;
  /** The type byte of the message that we are inside; 0: between messages. */
  #type = 0;
  /** How many bytes of the current header were seen, and the length as far as it is known. */
  #headerSeen = 0;
  #length = 0;
  #bodyLeft = 0;

  constructor(stream: Duplex, buffers: ReadBuffers | null) {
    this.stream = stream;
    this.#buffers = buffers;
    this.#driver = stream
      .listeners('data')
      .map((listener) => (piece) => void Reflect.apply(listener, stream, [piece]));
    stream.removeAllListeners('data');
    stream.on('data', (piece: Buffer) => this.#take(piece));
  }

  /** Told once, at once if it is over already. */
  onClosed(listener: () => void): void {
    if (this.stream.closed) listener();
    else this.stream.once('close', listener);
  }

  #take(piece: Buffer): void {
    this.lastByteAt = performance.now();
    let at = 0;
    while (at < piece.length) at = this.#takeRun(piece, at);
  }

  /** Takes messages as long as they go the same way; returns where the next run begins. */
  #takeRun(piece: Buffer, start: number): number {
    const way = wayOf(this.#type === 0 ? piece[start] : this.#type, this.receiver);
    let at = start;
    let messages = 0;
    while (at < piece.length) {
      if (this.#type === 0) {
        if (wayOf(piece[at], this.receiver) !== way) break;
        messages += 1;
      }
      at = this.#skip(piece, at);
    }
    if (way === 'receiver') this.#receive(piece, { start, end: at, messages });
    else if (way === 'driver') this.#tellDriver(piece.subarray(start, at));
    return at;
  }

  /** Moves over (the rest of) one message. */
  #skip(piece: Buffer, start: number): number {
    let at = start;
    if (this.#type === 0 && piece.length - start >= headerBytes) {
      this.#type = piece[start] ?? 0;
      this.#bodyLeft = piece.readInt32BE(start + 1) - 4;
      this.#headerSeen = headerBytes;
      at = start + headerBytes;
    } else {
      at = this.#skipHeaderBytes(piece, at);
    }
    if (this.#headerSeen < headerBytes) return at;
    const step = Math.min(this.#bodyLeft, piece.length - at);
    this.#bodyLeft -= step;
    if (this.#bodyLeft === 0) this.#endMessage();
    return at + step;
  }

  /** A header that is split between two pieces of the network. */
  #skipHeaderBytes(piece: Buffer, start: number): number {
    let at = start;
    while (this.#headerSeen < headerBytes && at < piece.length) {
      const byte = piece[at] ?? 0;
      if (this.#headerSeen === 0) this.#type = byte;
      else this.#length = this.#length * 256 + byte;
      this.#headerSeen += 1;
      at += 1;
      if (this.#headerSeen === headerBytes) this.#bodyLeft = this.#length - 4;
    }
    return at;
  }

  #endMessage(): void {
    this.#type = 0;
    this.#headerSeen = 0;
    this.#length = 0;
  }

  /** Of a piece that others have a part of nobody knows when all are done with it. */
  #receive(
    piece: Buffer,
    { start, end, messages }: { readonly start: number; readonly end: number; readonly messages: number },
  ): void {
    const isWhole = start === 0 && end === piece.length;
    const release = isWhole ? () => this.#buffers?.giveBack(piece) : letGo;
    this.receiver?.onCopyData(isWhole ? piece : piece.subarray(start, end), messages, release);
  }

  #tellDriver(run: Buffer): void {
    for (const listener of this.#driver) listener(run);
  }
}

const letGo = (): void => undefined;

type Way = 'receiver' | 'driver' | 'nowhere';

function wayOf(type: number | undefined, receiver: CopyReceiver | null): Way {
  if (receiver === null) return 'driver';
  if (type === copyData) return 'receiver';
  return type === copyOutResponse || type === copyDone ? 'nowhere' : 'driver';
}
