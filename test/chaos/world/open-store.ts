import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { openMongodbStore } from '../../../src/store/mongodb/open.ts';
import { openPostgresStore } from '../../../src/store/postgres/open.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { isUrl } from './configuration.ts';

/** The control store of a world, wherever it is. */
export function openStore(place: string): Promise<ControlStore> {
  if (!isUrl(place)) return openSqliteStore({ path: place });
  return place.startsWith('mongodb:')
    ? openMongodbStore({ url: place })
    : openPostgresStore({ url: place, schema: 'lockstep_control' });
}
