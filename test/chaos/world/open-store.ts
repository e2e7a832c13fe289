import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { openPostgresStore } from '../../../src/store/postgres/open.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { isUrl } from './configuration.ts';

/** The control store of a world, wherever it is. */
export const openStore = (place: string): Promise<ControlStore> =>
  isUrl(place)
    ? openPostgresStore({ url: place, schema: 'lockstep_control' })
    : openSqliteStore({ path: place });
