import { qualified, quoteIdentifier, quoteLiteral, type TableName } from '../../../names.ts';
import type { SwapRecord } from './record.ts';

type Named = SwapRecord['names'][number];

const kinds: Readonly<Record<Named['kind'], string>> = {
  index: 'INDEX',
  statistics: 'STATISTICS',
  sequence: 'SEQUENCE',
};

const rename = ({ kind }: Named, schema: string, [from, to]: readonly [from: string, to: string]): string =>
  `ALTER ${kinds[kind]} ${qualified({ schema, table: from })} RENAME TO ${quoteIdentifier(to)}`;

const move = ({ kind }: Named, name: TableName, schema: string): readonly string[] =>
  kind === 'statistics' ? [`ALTER STATISTICS ${qualified(name)} SET SCHEMA ${quoteIdentifier(schema)}`] : [];

export interface SwapPlaces {
  /** The name that readers use. */
  readonly target: TableName;
  /** Of ours. */
  readonly schema: string;
  readonly out: { readonly as: string; readonly called: (named: Named) => string };
  readonly in: { readonly from: string; readonly called: (named: Named) => string };
}

/** One table out of the way and another one in its place, with all that has a name in its schema. All of it is catalogue: no row moves. */
export function swapTables({ names, sequences }: SwapRecord, places: SwapPlaces): readonly string[] {
  const { target, schema, out, in: into } = places;
  const { schema: home } = target;
  const owned = sequences.map((each) => qualified({ schema: each.schema, table: each.sequence }));
  const column = (name: string): string => `${qualified(target)}.${quoteIdentifier(name)}`;
  return [
    ...owned.map((sequence) => `ALTER SEQUENCE ${sequence} OWNED BY NONE`),
    ...names.flatMap((named) => [
      rename(named, home, [named.name, out.called(named)]),
      ...move(named, { schema: home, table: out.called(named) }, schema),
    ]),
    `ALTER TABLE ${qualified(target)} RENAME TO ${quoteIdentifier(out.as)}`,
    `ALTER TABLE ${qualified({ schema: home, table: out.as })} SET SCHEMA ${quoteIdentifier(schema)}`,
    `ALTER TABLE ${qualified({ schema, table: into.from })} SET SCHEMA ${quoteIdentifier(home)}`,
    `ALTER TABLE ${qualified({ schema: home, table: into.from })} RENAME TO ${quoteIdentifier(target.table)}`,
    ...names.flatMap((named) => [
      ...move(named, { schema, table: into.called(named) }, home),
      rename(named, home, [into.called(named), named.name]),
    ]),
    ...owned.map(
      (sequence, index) => `ALTER SEQUENCE ${sequence} OWNED BY ${column(sequences[index]?.column ?? '')}`,
    ),
    ...names
      .filter(({ kind }) => kind === 'sequence')
      .map((named) =>
        goOnCounting(
          qualified({ schema: home, table: named.name }),
          qualified({ schema, table: out.called(named) }),
        ),
      ),
  ];
}

/** Numbers that were given out are not given out again. */
const goOnCounting = (sequence: string, from: string): string =>
  `SELECT pg_catalog.setval(${quoteLiteral(sequence)}::regclass, f.last_value, f.is_called) FROM ${from} AS f`;
