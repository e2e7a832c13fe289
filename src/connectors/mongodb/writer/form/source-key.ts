import type { Key } from '../../../../protocol/names.ts';
import type { Shape } from '../../../../protocol/shape.ts';
import { encodeField } from '../../fields/encode.ts';
import { columnKey, plainIds } from '../../fields/id-form.ts';
import { asText } from '../../fields/types.ts';
import { dialect, idColumn } from '../../names.ts';

/** How the source spells the key of a row, whatever the target makes of it: one that can't be stored is told under this key. */
export const sourceKeyOf = ({ dialect: source }: Pick<Shape, 'dialect'>): ((id: unknown) => Key) =>
  source === dialect
    ? (id) => plainIds.keyOf({ ...encodeField(id), name: idColumn })
    : (id) => columnKey.spell(asText(id));
