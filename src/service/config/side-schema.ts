import { z } from 'zod';
import type { Connector } from '../../protocol/connector.ts';
import { connectorNames, loadConnector } from '../connectors.ts';
import { isReference } from './look-up.ts';
import { isPlainObject } from './values.ts';

export type Role = 'source' | 'destination';

/** What may stand at one end of a pipeline, and by whom it is read. */
export interface Side {
  readonly schema: z.ZodType;
  /** Null: none that could be found; the schema then says what is wrong. */
  readonly connector: Connector | null;
}

/** Connectors are told by their names before anything is checked: only they know the rest of their part. */
export async function sideOf(input: unknown, role: Role): Promise<Side> {
  const name = isPlainObject(input) ? input['connector'] : undefined;
  if (isReference(name)) return { schema: writtenOut, connector: null };
  const connector = typeof name === 'string' ? await loadConnector(name) : null;
  if (connector === null) return { schema: z.looseObject({ connector: z.enum(connectorNames) }), connector };
  return {
    schema: connector.configSchema.refine(() => plays(connector, role), cannotPlay(connector, role)),
    connector,
  };
}

const writtenOut = z.looseObject({
  connector: z.custom(() => false, 'must be written out: it can’t come from the environment or a file'),
});

const cannotPlay = (connector: Connector, role: Role) => ({
  path: ['connector'],
  message: `${connector.name} can’t be a ${role}`,
});

const plays = (connector: Connector, role: Role): boolean =>
  role === 'source'
    ? connector.openReader !== undefined || connector.openFeed !== undefined
    : connector.openWriter !== undefined;
