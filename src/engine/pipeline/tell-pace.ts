import type { StreamContext } from '../stream/context.ts';
import type { Condition } from './condition.ts';

const trouble = 'throttle';

/** A pipeline that spares its destination falls behind on purpose: whoever looks at it should know why. */
export function tellPace({ events, pipeline }: StreamContext, condition: Condition): Disposable {
  const end = events.on('throttle', ({ pipeline: name, share, reason }) => {
    if (name !== pipeline) return;
    const nextStep = 'it goes on at full speed by itself; destination.throttle sets the limits';
    const told = `it works ${Math.round(100 * share)} % of the time, since the destination is busy: ${reason}`;
    if (share === 1) condition.relieved(trouble);
    else if (reason !== '') condition.troubled(trouble, { reason: told, nextStep });
  });
  return {
    [Symbol.dispose]: () => {
      end();
      condition.relieved(trouble);
    },
  };
}
