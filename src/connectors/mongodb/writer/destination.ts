import type { ConnectorNotice } from '../../../protocol/connector.ts';
import type { PipelineName } from '../../../protocol/names.ts';
import type { Deployment } from '../session/deployment.ts';
import type { Slots } from './state/slots.ts';
import type { State } from './state/state-documents.ts';

/** What everything of one destination works with. */
export interface Destination {
  readonly deployment: Deployment;
  readonly pipeline: PipelineName;
  readonly state: State;
  readonly slots: Slots;
  readonly notice: (notice: ConnectorNotice) => void;
}
