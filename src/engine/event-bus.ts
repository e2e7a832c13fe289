import { toError } from '../protocol/errors/lockstep-error.ts';
import type { EventMap, EventName, EventSink } from '../protocol/events.ts';

/** Where events are heard. */
export interface EventSource {
  /** Returns what ends the subscription. */
  on<Name extends EventName>(name: Name, handler: EventHandler<Name>): () => void;
}

export type EventHandler<Name extends EventName> = (event: EventMap[Name]) => void;

type Handlers = { [Name in EventName]?: readonly EventHandler<Name>[] };

/**
 * Tells events to whoever asked for them: at once, in the order in which they asked. A handler that throws disturbs
 * neither the work that emitted nor the handlers after it; the fault goes to `onHandlerError`.
 */
export class EventBus implements EventSink, EventSource {
  readonly #handlers: Handlers = {};
  readonly #onHandlerError: (error: Error, name: EventName) => void;

  constructor(onHandlerError: (error: Error, name: EventName) => void) {
    this.#onHandlerError = onHandlerError;
  }

  /** Returns what ends it. Lists are replaced, never changed, so a handler may come or go while an event is told. */
  on<Name extends EventName>(name: Name, handler: EventHandler<Name>): () => void {
    const registered: EventHandler<Name> = (event) => handler(event);
    this.#set(name, [...this.#of(name), registered]);
    return () =>
      this.#set(
        name,
        this.#of(name).filter((each) => each !== registered),
      );
  }

  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void {
    for (const handler of this.#of(name)) {
      try {
        handler(event);
      } catch (thrown) {
        this.#report(toError(thrown), name);
      }
    }
  }

  #of<Name extends EventName>(name: Name): readonly EventHandler<Name>[] {
    return this.#handlers[name] ?? [];
  }

  #set<Name extends EventName>(name: Name, handlers: readonly EventHandler<Name>[]): void {
    const all: { [Each in Name]?: readonly EventHandler<Each>[] } = this.#handlers;
    all[name] = handlers;
  }

  #report(error: Error, name: EventName): void {
    try {
      this.#onHandlerError(error, name);
    } catch {
      // Nobody is left to be told, and the work that emitted is not at fault.
    }
  }
}
