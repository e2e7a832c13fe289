import type { Change } from '../../protocol/change.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { Outcome } from '../../protocol/outcome.ts';

/** Who tells, and of which collection. */
interface Teller {
  readonly context: { readonly pipeline: PipelineName; readonly events: EventSink };
  readonly collection: string;
}

/** Names the keys of what is durable, if somebody asks. An outcome for each change. */
export function tellKeys(
  { context: { pipeline, events }, collection }: Teller,
  changes: readonly Change[],
  outcomes: readonly Outcome[],
): void {
  events.emit('keys.applied', {
    pipeline,
    collection,
    keysOf: (effect) => changes.filter((_, index) => outcomes[index]?.kind === effect).map(({ key }) => key),
  });
}
