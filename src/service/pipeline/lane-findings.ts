import { type Finding, finding } from '../../protocol/finding.ts';
import { isStreamWriter } from '../../protocol/writer.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';

/** What `stream.lanes` costs, or that it does nothing here. */
export function lanesOf(
  { settings, destination }: ResolvedPipeline,
  { writer }: Pick<Connections, 'writer'>,
): readonly Finding[] {
  const { lanes } = settings.stream;
  if (settings.mode !== 'live' || lanes === 1) return [];
  const isOffered = isStreamWriter(writer) && writer.lanes !== undefined;
  if (isOffered)
    return [finding({ level: 'info', subject: 'destination' }, 'lanes-tear-transactions', { lanes })];
  const { label: name } = destination;
  return [finding({ level: 'warning', subject: 'destination' }, 'lanes-not-offered', { lanes, name })];
}
