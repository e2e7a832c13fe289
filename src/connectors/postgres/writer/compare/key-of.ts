import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { Row, Value } from '../../../../protocol/value.ts';
import { ByteWriter } from '../../copy/byte-writer.ts';
import { encodeKey, type KeyPart, keyText } from '../../key.ts';
import { modifierOf, NotEncodable } from '../../types/codec.ts';
import { type CodecName, codecs } from '../../types/codecs.ts';
import { textTransport } from '../../types/text-transport.ts';
import { typeRule } from '../../types/type-table.ts';
import type { KeyColumn, TargetModel } from '../model/target-model.ts';

/** The key of a row as the target would store it: after the column's rounding and padding. */
export const keyOf = (model: TargetModel, row: Row): Key =>
  encodeKey(model.key.map((column) => partOf(model, column, row[column.name])));

function partOf({ collection }: TargetModel, column: KeyColumn, value: Value | undefined): KeyPart {
  if (value === undefined) throw new LockstepError('mapping-incomplete', { collection, column: column.name });
  if (value === null) return null;
  const { codec } = typeRule(column.type);
  try {
    return codec === null ? textOf(encoded(column, value)) : keyText(decoded(codec, column, value));
  } catch (thrown) {
    if (!(thrown instanceof NotEncodable)) throw thrown;
    const details = { collection, column: column.name, kind: thrown.kind, type: column.formatType };
    throw new LockstepError('value-not-encodable', details);
  }
}

const textOf = (bytes: Buffer): string => bytes.toString('utf8');

const writer = new ByteWriter();

function encoded(column: KeyColumn, value: Value): Buffer {
  const { codec } = typeRule(column.type);
  writer.at = 0;
  (codec === null ? textTransport : codecs[codec]).encode(value, writer, modifierOf(column.formatType));
  return writer.bytes.subarray(0, writer.at);
}

/** There and back: 42, 42n and '42' are one key, as are two spellings of a time. */
function decoded(codec: CodecName, column: KeyColumn, value: Value): Value {
  const bytes = encoded(column, value);
  return codecs[codec].decode(bytes, 0, bytes.length);
}
