import type { StreamContext } from '../stream/context.ts';
import type { Condition, Said } from './condition.ts';

/** A collection of the source that a pattern of the configuration matches and no plan is for. */
export interface Newcomer {
  readonly name: string;
  /** Why it can't join; null: it can. */
  readonly fault: string | null;
  /** Statements that make its target; empty: it is there, or nothing can be said. */
  readonly creation: readonly string[];
}

const trouble = 'new collection ';

interface NewcomersParts {
  readonly context: StreamContext;
  readonly condition: Condition;
}

/** What `drift.tableAdded` makes of new collections. */
export class Newcomers {
  readonly #parts: NewcomersParts;
  /** Told of and left alone. */
  readonly #told = new Set<string>();

  constructor(parts: NewcomersParts) {
    this.#parts = parts;
  }

  /** The ones that join now. */
  welcome(found: readonly Newcomer[]): readonly string[] {
    return this.#welcomes[this.#parts.context.settings.drift.tableAdded](found);
  }

  readonly #welcomes: Readonly<
    Record<'follow' | 'pause' | 'ignore', (found: readonly Newcomer[]) => readonly string[]>
  > = {
    ignore: (found) => {
      for (const { name, fault } of found)
        this.#tell(
          name,
          fault === null ? 'it joins at the next start (drift.tableAdded)' : `it can’t join: ${fault}`,
        );
      return [];
    },
    follow: (found) => {
      for (const { name, fault } of found) if (fault !== null) this.#tell(name, `it can’t join: ${fault}`);
      return found.flatMap(({ name, fault }) => (fault === null ? [name] : []));
    },
    pause: (found) => {
      const waiting = found.filter(({ fault, creation }) => fault !== null || creation.length > 0);
      this.#parts.condition.troubledOnly(
        trouble,
        new Map(waiting.map((each) => [each.name, this.#waitsFor(each)])),
      );
      return found.flatMap((each) => (waiting.includes(each) ? [] : [each.name]));
    },
  };

  #waitsFor({ name, fault, creation }: Newcomer): Said {
    const { pipeline } = this.#parts.context;
    const reason = `${name} is new and matches a pattern; ${fault ?? 'the destination has no collection for it'}`;
    const make = creation.length > 0 ? `Run these at the destination: ${creation.join('; ')}` : 'Mend that';
    const nextStep = `${make}. Then it joins by itself. Or leave it out of the pattern, and start ${pipeline} again`;
    return { reason, nextStep };
  }

  #tell(name: string, what: string): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    const { pipeline, events } = this.#parts.context;
    const message = `${name} is new and matches a pattern; ${what}`;
    events.emit('notice', { pipeline, side: 'source', message });
  }
}
