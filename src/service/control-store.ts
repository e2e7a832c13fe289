import type { ControlStore } from '../protocol/control-store.ts';

/** The control store that a configuration asks for; SQLite is the only kind so far. */
export async function openControlStore(settings: { readonly path: string }): Promise<ControlStore> {
  const { openSqliteStore } = await import('../store/sqlite/open.ts');
  return openSqliteStore({ path: settings.path });
}
