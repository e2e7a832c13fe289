import type { EventMap, EventName, EventSource } from '../../../src/index.ts';

/** Everything that an engine told, and a way to wait for what it has still to tell. */
export class EventLog {
  readonly #source: EventSource;
  readonly #seen: { readonly [Name in EventName]?: EventMap[Name][] } = {};

  constructor(source: EventSource, names: readonly EventName[]) {
    this.#source = source;
    for (const name of names) this.#record(name);
  }

  /** Past ones; the name must be among those that are recorded. */
  all<Name extends EventName>(name: Name): readonly EventMap[Name][] {
    return (this.#seen[name] as readonly EventMap[Name][] | undefined) ?? [];
  }

  /** The next one that fits; never one that was told before the call. */
  next<Name extends EventName>(
    name: Name,
    fits: (event: EventMap[Name]) => boolean = () => true,
  ): Promise<EventMap[Name]> {
    return new Promise((resolve) => {
      const off = this.#source.on(name, (event) => {
        if (!fits(event)) return;
        off();
        resolve(event);
      });
    });
  }

  #record<Name extends EventName>(name: Name): void {
    const events: EventMap[Name][] = [];
    Object.assign(this.#seen, { [name]: events });
    this.#source.on(name, (event) => void events.push(event));
  }
}
