import type { ComparingReader, ComparingWriter } from '../../engine/walk/context.ts';
import type { ConnectorContext } from '../../protocol/connector.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Feed } from '../../protocol/feed.ts';
import { isStreamWriter } from '../../protocol/writer.ts';
import type { ConfiguredConnector, ResolvedPipeline } from '../config/resolved-config.ts';
import type { PipelineContext, VerbOptions } from '../pipeline-operations.ts';

/** Both ends of a pipeline, open for one verb. */
export interface Connections extends AsyncDisposable {
  readonly reader: ComparingReader;
  readonly writer: ComparingWriter;
  /** Of a live pipeline. */
  readonly feed: Feed | null;
}

export async function openConnections(
  pipeline: ResolvedPipeline,
  {
    events,
    meters,
    signal,
    life,
  }: Pick<PipelineContext, 'events' | 'meters'> & VerbOptions & Pick<ConnectorContext, 'life'>,
): Promise<Connections> {
  await using resources = new AsyncDisposableStack();
  const contextOf = (side: 'source' | 'destination'): ConnectorContext => ({
    pipeline: pipeline.name,
    signal,
    lanes: pipeline.settings.lanes,
    notice: ({ message }) => events.emit('notice', { pipeline: pipeline.name, side, message }),
    connections: resources.use(meters.of(pipeline.name, side).share()),
    life,
  });
  const [here, there] = [contextOf('source'), contextOf('destination')];
  const [source, destination, changes] = await Promise.allSettled([
    openReader(pipeline.source, here).then((reader) => resources.use(reader)),
    openWriter(pipeline.destination, there).then((writer) => resources.use(writer)),
    openFeed(pipeline, here).then((feed) => feed && resources.use(feed)),
  ]);
  // One error is thrown; who mends its cause should not find the other one only then.
  if (source.status === 'rejected' && destination.status === 'rejected' && !signal.aborted)
    there.notice({ kind: 'waiting', message: toLockstepError(destination.reason).message });
  const reader = opened(source);
  const writer = opened(destination);
  const feed = opened(changes);
  const { mode } = pipeline.settings;
  if (mode !== 'full' && !isStreamWriter(writer))
    throw lacks(pipeline.destination.connector.name, `destination of mode ${mode}`);
  const kept = resources.move();
  return { reader, writer, feed, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Both were tried, so that whichever opened is closed again when the other one did not. */
function opened<Side>(outcome: PromiseSettledResult<Side>): Side {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

function openReader(
  { connector, config }: ConfiguredConnector,
  context: ConnectorContext,
): Promise<ComparingReader> {
  if (connector.openReader === undefined) throw lacks(connector.name, 'source');
  return connector.openReader(config, context);
}

function openWriter(
  { connector, config }: ConfiguredConnector,
  context: ConnectorContext,
): Promise<ComparingWriter> {
  if (connector.openWriter === undefined) throw lacks(connector.name, 'destination');
  return connector.openWriter(config, context);
}

async function openFeed(
  { settings, source: { connector, config } }: ResolvedPipeline,
  context: ConnectorContext,
): Promise<Feed | null> {
  if (settings.mode !== 'live') return null;
  if (connector.openFeed === undefined) throw lacks(connector.name, 'source of changes');
  return await connector.openFeed(config, context);
}

const lacks = (name: string, role: string): LockstepError =>
  new LockstepError('connector-lacks-role', { name, role });
