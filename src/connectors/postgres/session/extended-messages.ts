import type { ByteWriter } from '../copy/byte-writer.ts';

/** Messages of the extended query protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html */

/** A parameter: text, or bytes in the binary form of its type. */
export type Parameter = string | Uint8Array | null;

const codes = { parse: 0x50, bind: 0x42, execute: 0x45, close: 0x43, sync: 0x53 } as const;

export function writeParse(out: ByteWriter, name: string, sql: string): void {
  message(out, codes.parse, () => {
    cString(out, name);
    cString(out, sql);
    out.int16(0);
  });
}

/** Bytes from here on are not copied. */
const largeBytes = 4096;

/** To the unnamed portal; results arrive as text. `pass` takes large values, which stand behind what was written so far. */
export function writeBind(
  out: ByteWriter,
  { name, values }: { readonly name: string; readonly values: readonly Parameter[] },
  pass: (bytes: Uint8Array) => void,
): void {
  const lengths = values.map(lengthOf);
  const ofValues = lengths.reduce((sum, length) => sum + 4 + Math.max(0, length), 0);
  out.byte(codes.bind);
  out.int32(4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 * values.length + 2 + ofValues + 2);
  cString(out, '');
  cString(out, name);
  out.int16(values.length);
  for (const value of values) out.int16(value instanceof Uint8Array ? 1 : 0);
  out.int16(values.length);
  for (const [index, value] of values.entries()) {
    out.int32(lengths[index] ?? -1);
    if (typeof value === 'string') out.text(value);
    else if (value !== null && value.length < largeBytes) out.raw(value);
    else if (value !== null) pass(value);
  }
  out.int16(0);
}

/** -1: null. */
const lengthOf = (value: Parameter): number =>
  value === null ? -1 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;

export function writeExecute(out: ByteWriter): void {
  message(out, codes.execute, () => {
    cString(out, '');
    out.int32(0);
  });
}

/** Of a prepared statement; one that does not exist is no error. */
export function writeClose(out: ByteWriter, name: string): void {
  message(out, codes.close, () => {
    out.byte(0x53);
    cString(out, name);
  });
}

export const writeSync = (out: ByteWriter): void => message(out, codes.sync, () => undefined);

function message(out: ByteWriter, code: number, body: () => void): void {
  out.byte(code);
  const start = out.at;
  out.int32(0);
  body();
  out.bytes.writeInt32BE(out.at - start, start);
}

function cString(out: ByteWriter, text: string): void {
  out.text(text);
  out.byte(0);
}
