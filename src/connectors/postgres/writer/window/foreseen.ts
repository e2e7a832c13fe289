import type { WindowPart as GivenPart } from '../../../../protocol/writer.ts';
import type { BatchStatement } from '../../session/batch.ts';
import type { Believed } from './hints.ts';
import { inOrder } from './in-order.ts';
import type { Planned } from './part-statements.ts';
import { partsOf, type WindowPart } from './window-part.ts';

/** While the server works on so much, the values of what follows are made. */
const mostBytes = 512 * 1024;

export interface ReadyWindow {
  readonly parts: readonly WindowPart[];
  readonly believed: Believed;
  readonly planned: readonly Planned[];
}

/** What is made of a window before its turn: its statements, and the values with which it begins. */
export class Foreseen {
  #next: (ReadyWindow & { readonly given: readonly GivenPart[] }) | null = null;

  foresee(given: readonly GivenPart[], believedOf: (parts: readonly WindowPart[]) => Believed): void {
    this.#next = null;
    try {
      const parts = partsOf(given);
      const believed = believedOf(parts);
      this.#next = { given, parts, believed, planned: beginning(inOrder(parts, believed)) };
    } catch {
      // Whatever can't be written is told when its turn has come: then the same is made again.
    }
  }

  /** Null: these are others. */
  take(given: readonly GivenPart[]): ReadyWindow | null {
    const next = this.#next;
    this.#next = null;
    if (next === null || next.given.length !== given.length) return null;
    const isSame = ({ target, changes }: GivenPart, index: number): boolean =>
      next.given[index]?.target === target && next.given[index].changes === changes;
    return given.every(isSame) ? next : null;
  }
}

/** The values of the first statements, made. */
function beginning(planned: readonly Planned[]): readonly Planned[] {
  let bytes = 0;
  return planned.map((each) => {
    if (bytes >= mostBytes) return each;
    const statement = withValues(each.statement);
    for (const value of statement.values) bytes += value?.length ?? 0;
    return { ...each, statement };
  });
}

const withValues = (
  statement: BatchStatement,
): BatchStatement & { readonly values: Exclude<BatchStatement['values'], () => unknown> } => {
  const { values } = statement;
  return { ...statement, values: typeof values === 'function' ? values() : values };
};
