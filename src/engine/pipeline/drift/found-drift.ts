import type { Finding } from '../../../protocol/finding.ts';
import type { StreamCollection } from '../../stream/collection.ts';
import type { StreamContext } from '../../stream/context.ts';
import { leaseOf } from '../../walk/context.ts';
import type { LiveMemory } from '../memory.ts';
import type { Walks } from '../walks.ts';

interface FoundParts {
  readonly context: StreamContext;
  readonly memory: LiveMemory;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly options: { readonly leftOut: ReadonlyMap<string, Finding> };
}

/** What happened to the source's enums while no engine ran: a plan that is made now can't tell it, the target can. */
export async function foundDrift(parts: FoundParts, walks: Walks): Promise<void> {
  await noteLeftOut(parts);
  if (parts.context.settings.drift.enumValueAdded === 'follow') await followLabels(parts, walks);
}

/** Left out for the first time: from now on they have stopped. */
async function noteLeftOut({ context, memory, options }: FoundParts): Promise<void> {
  const stopped = await memory.stopped();
  for (const [name, { code, message, cure }] of options.leftOut) {
    if (stopped.has(name)) continue;
    const nextStep = `${cure} Then: lockstep resync ${context.pipeline} ${name}`;
    await memory.setStopped(name, { code, message, nextStep, sinceMs: context.clock.now() });
    context.events.emit('collection.status', {
      pipeline: context.pipeline,
      collection: name,
      status: 'stopped',
      reason: message,
      nextStep,
    });
  }
}

async function followLabels({ context, collections }: FoundParts, walks: Walks): Promise<void> {
  const { writer, signal } = context;
  for (const { name, plan } of collections.values()) {
    const options = { lease: leaseOf(context), sourceShape: plan.sourceShape, signal };
    const steps = await writer.align(plan, options);
    const [first] = steps;
    if (first !== undefined) await walks.add([name], { reason: first.what, fills: false });
  }
}
