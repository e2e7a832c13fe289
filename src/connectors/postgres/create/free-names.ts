import type { TableName } from '../names.ts';

/** PostgreSQL cuts names to this many bytes. */
const maxNameBytes = 63;
const attempts = 20;

/** The name itself, then with a number, as PostgreSQL does when a name is taken. */
export const nameCandidates = (name: string): string[] => [
  suffixed(name, ''),
  ...Array.from({ length: attempts }, (_, index) => suffixed(name, `_${index + 1}`)),
];

/** Of a key that the source has no name for. */
export const ownKeyName = ({ table }: TableName): string => `${table}_lockstep_key`;

/** The first candidate that is not taken. */
export function freeName(name: string, isTaken: (candidate: string) => boolean): string {
  const free = nameCandidates(name).find((candidate) => !isTaken(candidate));
  if (free === undefined) throw new Error(`the destination has ${attempts} relations named like ${name}`);
  return free;
}

function suffixed(name: string, suffix: string): string {
  let stem = name;
  while (Buffer.byteLength(stem) + suffix.length > maxNameBytes) stem = [...stem].slice(0, -1).join('');
  return stem + suffix;
}
