import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../../protocol/events.ts';

type Code = LockstepError['code'];

/** Who owns the pipeline can't be asked, or may have changed. */
const isWithoutStore = (code: Code): boolean => code === 'store-unreachable' || code === 'lease-unrenewed';

/** Another owns the pipeline, as far as we can tell: we stand by. */
export const isElsewhere = (code: Code): boolean =>
  code === 'lease-held' || code === 'fence-lost' || isWithoutStore(code);

export const tellStandby = (pipeline: string, { code, message }: LockstepError, events: EventSink): void =>
  events.emit('status', {
    pipeline,
    status: 'standby',
    reason: message,
    nextStep: isWithoutStore(code)
      ? 'it goes on when the control store answers, unless another has taken over'
      : 'it takes over when the other owner is gone',
  });
