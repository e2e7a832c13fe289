/** Cuts what one side says after the login into messages: a letter, a length, what it holds. */
export class MessageSplitter {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): readonly Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: Buffer[] = [];
    for (;;) {
      const length = this.#rest.length < 5 ? Number.POSITIVE_INFINITY : this.#rest.readUInt32BE(1) + 1;
      if (this.#rest.length < length) return messages;
      messages.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
  }
}

/** Process id and secret, as one number: what a cancellation names. */
export type CancelKey = bigint;

export type Startup =
  | { readonly kind: 'login'; readonly settings: ReadonlyMap<string, string> }
  | { readonly kind: 'cancel'; readonly key: CancelKey };

const cancelRequest = 80877102;

/** The first message of a client, which has no letter. */
export function startupMessage(bytes: Buffer): Startup {
  if (bytes.readUInt32BE(4) === cancelRequest) return { kind: 'cancel', key: bytes.readBigUInt64BE(8) };
  const words = bytes.toString('utf8', 8).split('\0');
  const settings = new Map<string, string>();
  for (let index = 0; index + 1 < words.length; index += 2)
    if (words[index] !== '') settings.set(words[index] ?? '', words[index + 1] ?? '');
  return { kind: 'login', settings };
}

export function cancelMessage(key: CancelKey): Buffer {
  const message = Buffer.alloc(16);
  message.writeUInt32BE(16, 0);
  message.writeUInt32BE(cancelRequest, 4);
  message.writeBigUInt64BE(key, 8);
  return message;
}

/** BackendKeyData. */
export function keyMessage(key: CancelKey): Buffer {
  const message = Buffer.alloc(13);
  message.write('K');
  message.writeUInt32BE(12, 1);
  message.writeBigUInt64BE(key, 5);
  return message;
}
