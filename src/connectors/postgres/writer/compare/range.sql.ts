import type { Partition } from '../../../../protocol/partition.ts';
import { quoteLiteral } from '../../names.ts';
import { list } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';
import { fromText } from '../stage/stage.sql.ts';

/** The rows of a key range. Row comparison, which an index over the key can follow. */
export function inRange(model: TargetModel, { from, to }: Pick<Partition, 'from' | 'to'>): string {
  const key = `(${list(model.key.map(({ sql }) => sql))})`;
  const bound = (texts: readonly string[]): string =>
    `(${list(model.key.map(({ type }, index) => fromText(type, quoteLiteral(texts[index] ?? ''))))})`;
  const parts = [
    ...(from === null ? [] : [`${key} >= ${bound(from)}`]),
    ...(to === null ? [] : [`${key} < ${bound(to)}`]),
  ];
  return parts.length === 0 ? 'TRUE' : parts.join(' AND ');
}
