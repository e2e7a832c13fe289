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

/** To the unnamed portal; results arrive as text. */
export function writeBind(out: ByteWriter, name: string, values: readonly Parameter[]): void {
  message(out, codes.bind, () => {
    cString(out, '');
    cString(out, name);
    out.int16(values.length);
    for (const value of values) out.int16(value instanceof Uint8Array ? 1 : 0);
    out.int16(values.length);
    for (const value of values) parameter(out, value);
    out.int16(0);
  });
}

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

function parameter(out: ByteWriter, value: Parameter): void {
  if (value === null) {
    out.int32(-1);
    return;
  }
  const start = out.at;
  out.int32(0);
  if (typeof value === 'string') out.text(value);
  else out.raw(value);
  out.bytes.writeInt32BE(out.at - start - 4, start);
}

function cString(out: ByteWriter, text: string): void {
  out.text(text);
  out.byte(0);
}
