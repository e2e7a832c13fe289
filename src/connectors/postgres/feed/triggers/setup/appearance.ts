import type { BarrierEvent } from '../../../../../protocol/change.ts';
import { formatName } from '../../../names.ts';
import { type EnumState, enumChanges } from '../../enums.sql.ts';
import type { TableFacts } from './table-facts.ts';

/** What of a table must stay as it is for its log to be whole; kept at the source, beside the log. */
export interface Appearance {
  readonly name: string;
  readonly members: readonly MemberAppearance[];
  /** `number:name type` */
  readonly columns: readonly string[];
  /** Absent: it was kept by a version that did not look at them. */
  readonly enums?: readonly EnumState[];
  /** `name:body:logs` */
  readonly functions: readonly string[];
}

export interface MemberAppearance {
  readonly oid: number;
  readonly name: string;
  readonly filenode: number | null;
  /** `name:enabled` */
  readonly triggers: readonly string[];
}

export function appearanceOf(facts: TableFacts): Appearance {
  const [table] = facts.members;
  return {
    name: table === undefined ? '' : formatName(table),
    members: facts.members.map((member) => ({
      oid: member.oid,
      name: formatName(member),
      filenode: member.filenode,
      triggers: member.triggers.map(({ name, enabled }) => `${name}:${enabled}`),
    })),
    columns: facts.columns.map(({ name, number, formatType }) => `${number}:${name} ${formatType}`),
    enums: facts.enums,
    functions: facts.functions.map(({ name, body, logs }) => `${name}:${body}:${logs ? 'logs' : 'mute'}`),
  };
}

export interface Difference {
  readonly kind: BarrierEvent['kind'];
  readonly detail: string;
  /** Changes may have happened that the log does not have. */
  readonly gap: boolean;
}

/**
 * What happened to a table between two looks.
 *
 * | seen                                                   | told as | changes may be missing |
 * |--------------------------------------------------------|---------|------------------------|
 * | its name is another                                    | rename  | no                     |
 * | columns                                                | shape   | no, unless rewritten   |
 * | an enum of a column got a value, or one was renamed    | shape   | no                     |
 * | a table partition came or went                         | shape   | yes                    |
 * | a file is another and no truncation explains it        | shape   | yes                    |
 * | a trigger is gone, off, or fires for less than before  | shape   | yes                    |
 * | a trigger fires for more than before                   | shape   | yes: it did not until now |
 * | our function is another or may not write the log       | shape   | yes                    |
 */
export function differencesBetween(
  before: Appearance,
  now: Appearance,
  isTruncated: (oid: number, filenode: number | null) => boolean,
): readonly Difference[] {
  return [
    ...(before.name === now.name
      ? []
      : [{ kind: 'rename' as const, detail: `${before.name} is called ${now.name} now`, gap: false }]),
    ...columnDifferences(before.columns, now.columns),
    ...enumChanges(before.enums ?? [], now.enums ?? []).map((detail) => ({
      kind: 'shape' as const,
      detail,
      gap: false,
    })),
    ...memberDifferences(before, now, isTruncated),
    ...(before.functions.join() === now.functions.join()
      ? []
      : [
          {
            kind: 'shape' as const,
            detail: 'the function of the triggers was changed, or may not write the log',
            gap: true,
          },
        ]),
  ];
}

function columnDifferences(before: readonly string[], now: readonly string[]): Difference[] {
  const gone = before.filter((column) => !now.includes(column));
  const fresh = now.filter((column) => !before.includes(column));
  const numberOf = (column: string): string => column.slice(0, column.indexOf(':'));
  const text = (column: string): string => column.slice(column.indexOf(':') + 1);
  const details = [
    ...gone.map((column) => {
      const successor = fresh.find((other) => numberOf(other) === numberOf(column));
      return successor === undefined
        ? `column ${text(column)} was dropped`
        : `column ${text(column)} is ${text(successor)} now`;
    }),
    ...fresh
      .filter((column) => !gone.some((other) => numberOf(other) === numberOf(column)))
      .map((column) => `column ${text(column)} was added`),
  ];
  return details.map((detail) => ({ kind: 'shape', detail, gap: false }));
}

function memberDifferences(
  before: Appearance,
  now: Appearance,
  isTruncated: (oid: number, filenode: number | null) => boolean,
): Difference[] {
  const shape = (detail: string): Difference => ({ kind: 'shape', detail, gap: true });
  const known = new Map(before.members.map((member) => [member.oid, member]));
  const left = before.members.filter(({ oid }) => !now.members.some((member) => member.oid === oid));
  const differences = left.map(({ name }) => shape(`${name} is no part of it any more`));
  for (const member of now.members) {
    const former = known.get(member.oid);
    if (former === undefined) differences.push(shape(`${member.name} became a part of it`));
    else {
      if (former.filenode !== member.filenode && !isTruncated(member.oid, member.filenode))
        differences.push(shape(`${member.name} was written anew`));
      differences.push(...triggerDifferences(former, member).map(shape));
    }
  }
  return differences;
}

function triggerDifferences(before: MemberAppearance, now: MemberAppearance): string[] {
  const states = (member: MemberAppearance) =>
    new Map(member.triggers.map((text) => [text.slice(0, -2), text.slice(-1)]));
  const after = states(now);
  return [...states(before)].flatMap(([name, was]) => {
    const is = after.get(name);
    if (is === was || (was === 'O' && is === 'A')) return [];
    if (is === undefined) return [`the trigger ${name} of ${now.name} is gone`];
    if (is === 'D') return [`the trigger ${name} of ${now.name} is disabled`];
    return [
      `the trigger ${name} of ${now.name} ${was === 'D' ? 'is enabled again' : 'fires for other sessions now'}`,
    ];
  });
}
