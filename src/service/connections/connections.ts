import type { SecretText } from '../../protocol/secret.ts';
import type { Keyring } from '../../store/secrets/keyring.ts';
import type { StoreHandle } from '../store-handle.ts';
import { listConnections } from './list.ts';
import { removeConnection } from './remove.ts';
import type { ConnectionList, ConnectionTest, RemovedConnection, SavedConnection } from './results.ts';
import { setConnection } from './set.ts';
import { testConnection } from './test-connection.ts';

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Connections that are kept under a name in the control store, sealed. None of what these return holds a secret. */
export interface StoredConnections {
  /** Where each leads, which key sealed it, and who uses it. */
  list(options?: Abortable): Promise<ConnectionList>;
  /** Seals a URL with the newest key and keeps it; takes the place of the one of this name. Engines that run keep what they began with. */
  set(name: string, url: SecretText | string, options?: Abortable): Promise<SavedConnection>;
  /** Connects, and asks the server who it is. */
  test(name: string, options?: Abortable): Promise<ConnectionTest>;
  /** Not while a pipeline of the configuration refers to it. */
  remove(name: string, options?: Abortable): Promise<RemovedConnection>;
}

/** Which pipelines of the configuration refer to a connection. */
export type ConnectionUses = ReadonlyMap<string, readonly string[]>;

/** What every verb works with. */
export interface ConnectionParts {
  readonly handle: StoreHandle;
  readonly ring: Keyring;
  readonly uses: ConnectionUses;
}

export function openStoredConnections(parts: ConnectionParts): StoredConnections {
  return {
    list: (options = {}) => listConnections(parts, ownSignal(options)),
    set: (name, url, options = {}) => setConnection(parts, { name, url, ...ownSignal(options) }),
    test: (name, options = {}) => testConnection(parts, { name, ...ownSignal(options) }),
    remove: (name, options = {}) => removeConnection(parts, { name, ...ownSignal(options) }),
  };
}

const ownSignal = ({ signal = new AbortController().signal }: Abortable) => ({ signal });
