import type { ConnectorNotice } from '../../../protocol/connector.ts';
import type { PipelineName } from '../../../protocol/names.ts';
import type { SessionPool } from '../session/pool.ts';
import type { StateLayout } from './state/state-layout.ts';

/** What every part of the writer needs: one server, one pipeline. */
export interface Destination {
  readonly pool: SessionPool;
  readonly pipeline: PipelineName;
  readonly layout: StateLayout;
  /** Where names without a schema are looked for. */
  readonly defaultSchema: string;
  readonly notice: (notice: ConnectorNotice) => void;
}
