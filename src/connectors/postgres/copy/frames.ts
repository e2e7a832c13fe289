/** CopyData, CopyDone and CopyFail: https://www.postgresql.org/docs/current/protocol-message-formats.html */

export const frameBytes = 5;
const copyData = 0x64;
const copyFail = 0x66;

export const copyDoneMessage: Buffer = Buffer.from([0x63, 0, 0, 0, 4]);

/** Content as one CopyData message. */
export function frame(payload: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(frameBytes + payload.length);
  writeFrame(message, 0, payload.length);
  message.set(payload, frameBytes);
  return message;
}

/** Writes the head of a CopyData message whose content has `length` bytes. */
export function writeFrame(into: Buffer, at: number, length: number): void {
  into[at] = copyData;
  into.writeInt32BE(length + 4, at + 1);
}

export function copyFailMessage(reason: string): Buffer {
  const text = Buffer.from(`${reason.replaceAll('\0', ' ').slice(0, 500)}\0`);
  const message = Buffer.allocUnsafe(frameBytes + text.length);
  message[0] = copyFail;
  message.writeInt32BE(text.length + 4, 1);
  message.set(text, frameBytes);
  return message;
}
