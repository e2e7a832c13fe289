import type { Selection } from '../../../protocol/selection.ts';
import { qualified } from '../names.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import { describeOutput, type OutputColumn } from './select.ts';

const mostEntries = 200;

/** What the server said of a selection, so that lookups need not ask each time. Whoever reads by it casts to the types that it says. */
export class OutputCache {
  readonly #known = new Map<string, readonly OutputColumn[]>();

  has(context: ReadContext, selection: Selection): boolean {
    return this.#known.has(nameOf(context, selection));
  }

  async get(context: ReadContext, selection: Selection): Promise<readonly OutputColumn[]> {
    const name = nameOf(context, selection);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { session, table, types, signal, collection } = context;
    const request = { table, columns: selection.columns, types };
    const output = await describeOutput(session, request, { signal, collection });
    if (this.#known.size >= mostEntries) this.#known.clear();
    this.#known.set(name, output);
    return output;
  }

  forget(context: ReadContext, selection: Selection): void {
    this.#known.delete(nameOf(context, selection));
  }
}

const nameOf = ({ table }: ReadContext, { columns }: Selection): string =>
  `${qualified(table)} ${JSON.stringify(columns)}`;
