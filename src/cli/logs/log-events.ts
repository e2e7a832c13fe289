import type { Logger } from 'pino';
import type { EventMap, EventName } from '../../protocol/events.ts';
import type { EventSource } from '../../service/lockstep.ts';
import { type EventLine, eventLines, eventNames } from './event-lines.ts';

/** One line for each event that has one. Returns what ends it. */
export function logEvents(events: EventSource, logger: Logger): () => void {
  const ends = eventNames.map((name) => follow(name, events, logger));
  return () => {
    for (const end of ends) end();
  };
}

function follow<Name extends EventName>(name: Name, events: EventSource, logger: Logger): () => void {
  const lineOf: ((event: EventMap[Name]) => EventLine) | null = eventLines[name];
  if (lineOf === null) return () => undefined;
  return events.on(name, (event) => {
    const { level, text } = lineOf(event);
    logger[level]({ ...('pipeline' in event ? { pipeline: event.pipeline } : {}), event: name }, text);
  });
}
