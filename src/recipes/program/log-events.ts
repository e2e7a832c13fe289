import type { EventMap, EventName, Lockstep } from '../../index.ts';
import type { Details, Log, LogLevel } from './log.ts';

export type Line = readonly [LogLevel, string, Details?];
export type Lines = { readonly [Name in EventName]?: (event: EventMap[Name]) => Line };

/** Says what the engine tells, in a recipe's own lines. Returns what ends it. */
export function logEvents({ events }: Pick<Lockstep, 'events'>, log: Log, lines: Lines): Disposable {
  let told = '';
  const subscribe = <Name extends EventName>(name: Name): (() => void) =>
    events.on(name, (event) => {
      const line = lines[name]?.(event);
      // Who stands by says so again and again.
      const isNews = name !== 'status' || JSON.stringify(line) !== told;
      if (name === 'status') told = JSON.stringify(line);
      if (line !== undefined && isNews) log(...line);
    });
  const ends = (Object.keys(lines) as EventName[]).map(subscribe);
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
}
