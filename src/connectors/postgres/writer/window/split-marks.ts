import type { Position } from '../../../../protocol/names.ts';

/** Marks to be set, and the names of those that go. */
export function splitMarks(marks: ReadonlyMap<string, Position | null>): {
  readonly set: Readonly<Record<string, Position>>;
  readonly gone: readonly string[];
} {
  const set: [string, Position][] = [];
  const gone: string[] = [];
  for (const [name, at] of marks) {
    if (at === null) gone.push(name);
    else set.push([name, at]);
  }
  return { set: Object.fromEntries(set), gone };
}
