import type { Finding } from '../../../protocol/finding.ts';
import type { StreamCollection } from '../../stream/collection.ts';
import type { StreamContext } from '../../stream/context.ts';
import type { Ignored, LiveMemory } from '../memory.ts';
import {
  type DriftKind,
  describeDrift,
  driftKinds,
  driftOf,
  type ShapeDifference,
} from './shape-difference.ts';
import { driftKindOf, isTolerated } from './tolerated.ts';

interface IgnoredParts {
  readonly context: StreamContext;
  readonly memory: LiveMemory;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  /** What looking at both sides found when the plans were made. */
  readonly findings: readonly Finding[];
}

/** What `drift` says to leave as it is: told when it happens and with every start, and kept for as long as it is so. */
export class IgnoredDrift {
  readonly #parts: IgnoredParts;
  readonly #byCollection: Map<string, Ignored>;

  private constructor(parts: IgnoredParts, known: ReadonlyMap<string, Ignored>) {
    this.#parts = parts;
    this.#byCollection = new Map(known);
  }

  static async open(parts: IgnoredParts): Promise<IgnoredDrift> {
    const { memory, collections } = parts;
    const book = new IgnoredDrift(parts, await memory.ignored());
    for (const [name, collection] of collections) {
      const known = book.#byCollection.get(name) ?? {};
      const columns = { ...lasting(collection, known), ...book.#found(collection) };
      if (JSON.stringify(columns) !== JSON.stringify(known)) await book.#keep(name, columns);
      book.#tell(name);
    }
    return book;
  }

  /** Empty: nothing is ignored. */
  reasonOf(collection: string): string {
    const columns = this.#byCollection.get(collection);
    return columns === undefined ? '' : `${describeDrift(toDifference(columns))}: ignored, as \`drift\` says`;
  }

  /** Durable on return; told once. */
  async note(collection: string, difference: ShapeDifference): Promise<void> {
    const known = this.#byCollection.get(collection) ?? {};
    const columns = { ...known, ...toColumns(difference) };
    const isNew = Object.entries(columns).some(([name, kind]) => known[name] !== kind);
    // An enum gets one value after the other, and each is told.
    if (!isNew && difference.enumValueAdded.length === 0) return;
    await this.#keep(collection, columns);
    this.#tell(collection);
  }

  /** What can be seen at each start; it may have come while no engine ran. */
  #found({ plan }: StreamCollection): Ignored {
    const { context, findings } = this.#parts;
    const tolerated = findings.filter((each) => isTolerated(each, context.settings.drift));
    const columns = plan.columns.flatMap(({ target, from }) => {
      const found = tolerated.find(({ subject }) => subject === `${plan.target}.${target}`);
      const kind = found === undefined ? null : driftKindOf(found);
      return kind === null || !('column' in from) ? [] : [[from.column, kind] as const];
    });
    return { ...plan.ignored, ...Object.fromEntries(columns) };
  }

  async #keep(collection: string, columns: Ignored): Promise<void> {
    const isEmpty = Object.keys(columns).length === 0;
    await this.#parts.memory.setIgnored(collection, isEmpty ? undefined : columns);
    if (isEmpty) this.#byCollection.delete(collection);
    else this.#byCollection.set(collection, columns);
  }

  #tell(collection: string): void {
    const reason = this.reasonOf(collection);
    if (reason === '') return;
    const { pipeline, events } = this.#parts.context;
    events.emit('notice', { pipeline, side: 'source', message: `${collection}: ${reason}` });
  }
}

/** A column that is gone, and that nobody had listed, is only known by what was kept. */
function lasting({ plan }: StreamCollection, columns: Ignored): Ignored {
  const has = new Set(plan.sourceShape.columns.map(({ name }) => name));
  const lasts: Readonly<Record<DriftKind, (name: string) => boolean>> = {
    columnAdded: () => false,
    columnDropped: (name) => !has.has(name),
    typeChanged: () => false,
    enumValueAdded: () => false,
  };
  return Object.fromEntries(Object.entries(columns).filter(([name, kind]) => lasts[kind](name)));
}

const toColumns = (difference: ShapeDifference): Ignored =>
  Object.fromEntries(driftKinds.flatMap((kind) => difference[kind].map((name) => [name, kind])));

const toDifference = (columns: Ignored): ShapeDifference => {
  const of = (kind: DriftKind): readonly string[] =>
    Object.keys(columns).filter((name) => columns[name] === kind);
  return driftOf(
    {
      columnAdded: of('columnAdded'),
      columnDropped: of('columnDropped'),
      typeChanged: of('typeChanged'),
      enumValueAdded: of('enumValueAdded'),
    },
    () => true,
  );
};
