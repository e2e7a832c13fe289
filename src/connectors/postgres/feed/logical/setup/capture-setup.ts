import type { ConnectorNotice } from '../../../../../protocol/connector.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { LogicalCapture, ObjectNames } from '../object-names.ts';

/** What all steps of setting up and taking away need. */
export interface CaptureSetup {
  readonly pool: SessionPool;
  readonly pipeline: string;
  readonly names: ObjectNames;
  readonly capture: LogicalCapture;
  readonly defaultSchema: string;
  readonly user: string;
  readonly notice: (notice: ConnectorNotice) => void;
}

/** How long a slot may stay in use before that is an error: the server needs a moment to notice a lost connection. */
export const slotPatienceMs = 5_000;
