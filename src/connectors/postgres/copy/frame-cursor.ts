import { frameBytes } from './frames.ts';

/** Where in its messages a stream of CopyData stands that was handed on in pieces, cut anywhere. */
export class FrameCursor {
  readonly #head = Buffer.alloc(frameBytes);
  #headSeen = 0;
  #left = 0;

  pass(piece: Uint8Array): void {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    while (at < bytes.length) {
      if (this.#headSeen < frameBytes) {
        at = this.#readHead(bytes, at);
      } else {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        at = end;
      }
      if (this.#headSeen === frameBytes && this.#left === 0) this.#headSeen = 0;
    }
  }

  /** How much is wanting at the end of the message that has begun, its own head excepted; 0 between messages. */
  get missing(): number {
    if (this.#headSeen === 0) return 0;
    return this.#headSeen < frameBytes ? this.#completedHead().readInt32BE(1) - 4 : this.#left;
  }

  /** Zeros that bring the message to its end. What it says is nothing then; what comes after it can be understood. */
  padding(): Buffer {
    const head =
      this.#headSeen === 0 || this.#headSeen === frameBytes ? Buffer.alloc(0) : this.#completedHead();
    const rest = head.subarray(this.#headSeen);
    const zeros = Buffer.alloc(this.missing);
    this.#headSeen = 0;
    this.#left = 0;
    return Buffer.concat([rest, zeros]);
  }

  #readHead(bytes: Buffer, at: number): number {
    if (this.#headSeen === 0 && bytes.length - at >= frameBytes) {
      this.#left = bytes.readInt32BE(at + 1) - 4;
      this.#headSeen = frameBytes;
      return at + frameBytes;
    }
    const taken = bytes.copy(this.#head, this.#headSeen, at, at + frameBytes - this.#headSeen);
    this.#headSeen += taken;
    if (this.#headSeen === frameBytes) this.#left = this.#head.readInt32BE(1) - 4;
    return at + taken;
  }

  /** The part of a head that was sent, and the shortest length that begins so. */
  #completedHead(): Buffer {
    const head = Buffer.alloc(frameBytes);
    this.#head.copy(head, 0, 0, this.#headSeen);
    if (head.readInt32BE(1) < 4) head[frameBytes - 1] = 4;
    return head;
  }
}
