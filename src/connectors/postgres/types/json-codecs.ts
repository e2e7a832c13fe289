import type { Codec } from './codec.ts';
import { readJson, writeJson } from './json-text.ts';
import { jsonbText } from './jsonb-form.ts';

/** json: its text. */
export const jsonCodec: Codec = {
  decode: (bytes, start, end) => readJson(bytes.toString('utf8', start, end), true),
  encode: (value, out) => out.text(writeJson(value)),
};

/** jsonb: a version byte and the text of its normal form. */
export const jsonbCodec: Codec = {
  decode: (bytes, start, end) => readJson(bytes.toString('utf8', start + 1, end), false),
  encode: (value, out, stored) => {
    out.byte(1);
    out.text(stored === null ? writeJson(value) : jsonbText(value));
  },
};
