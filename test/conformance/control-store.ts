import { describe } from 'vitest';
import { checkpointConformance } from './control-store/checkpoints.ts';
import { connectionConformance } from './control-store/connections.ts';
import { deadLetterConformance } from './control-store/dead-letters.ts';
import { extentConformance } from './control-store/extents.ts';
import { guardExtensionConformance } from './control-store/guard-extension.ts';
import { guardConformance } from './control-store/guards.ts';
import { leaseConformance } from './control-store/leases.ts';
import { letterStateConformance } from './control-store/letter-states.ts';
import { requestConformance } from './control-store/requests.ts';
import { runConformance } from './control-store/runs.ts';
import { sealedLetterConformance } from './control-store/sealed-letters.ts';
import { severalHandlesConformance } from './control-store/several-handles.ts';
import { storeConformance } from './control-store/store.ts';
import type { OpenStore } from './control-store/store-under-test.ts';
import { wordConformance } from './control-store/words.ts';

export type { OpenStore, StoreUnderTest } from './control-store/store-under-test.ts';

/** What every control store must do. `open` gives a fresh store each time it is called. */
export function controlStoreConformance(name: string, open: OpenStore): void {
  describe(`control store: ${name}`, () => {
    storeConformance(open);
    leaseConformance(open);
    checkpointConformance(open);
    deadLetterConformance(open);
    guardConformance(open);
    guardExtensionConformance(open);
    letterStateConformance(open);
    requestConformance(open);
    runConformance(open);
    sealedLetterConformance(open);
    extentConformance(open);
    connectionConformance(open);
    severalHandlesConformance(open);
    wordConformance(open);
  });
}
