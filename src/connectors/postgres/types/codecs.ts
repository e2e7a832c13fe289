import type { Codec } from './codec.ts';
import { jsonbCodec, jsonCodec } from './json-codecs.ts';
import {
  boolCodec,
  float4Codec,
  float8Codec,
  int2Codec,
  int4Codec,
  int8Codec,
  oidCodec,
} from './number-codecs.ts';
import { numericCodec } from './numeric.ts';
import { bpcharCodec, byteaCodec, charCodec, textCodec, uuidCodec } from './text-codecs.ts';
import { dateCodec, timeCodec, timestampCodec, timestamptzCodec, timetzCodec } from './time-codecs.ts';

/** Binary forms that we read and write ourselves. Types without one travel as text, converted by the server. */
export const codecs = {
  bool: boolCodec,
  int2: int2Codec,
  int4: int4Codec,
  int8: int8Codec,
  oid: oidCodec,
  float4: float4Codec,
  float8: float8Codec,
  numeric: numericCodec,
  text: textCodec,
  bpchar: bpcharCodec,
  char: charCodec,
  uuid: uuidCodec,
  bytea: byteaCodec,
  json: jsonCodec,
  jsonb: jsonbCodec,
  date: dateCodec,
  time: timeCodec,
  timetz: timetzCodec,
  timestamp: timestampCodec,
  timestamptz: timestamptzCodec,
} as const satisfies Record<string, Codec>;

export type CodecName = keyof typeof codecs;
