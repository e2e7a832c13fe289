import type { ControlStore } from '../protocol/control-store.ts';
import type { StorePlace } from './config/resolved-config.ts';

/** The control store that a configuration asks for; its driver is imported only then. */
export async function openControlStore(place: StorePlace): Promise<ControlStore> {
  switch (place.kind) {
    case 'sqlite': {
      const { openSqliteStore } = await import('../store/sqlite/open.ts');
      return openSqliteStore({ path: place.path });
    }
    case 'postgres': {
      const { openPostgresStore } = await import('../store/postgres/open.ts');
      return openPostgresStore({ url: place.url, schema: place.schema });
    }
    case 'mongodb': {
      const { openMongodbStore } = await import('../store/mongodb/open.ts');
      return openMongodbStore({ url: place.url, database: place.database });
    }
  }
}
