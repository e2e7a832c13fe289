import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import type { PoolerOptions } from '../transaction-pooler.ts';
import { type CancelKey, cancelMessage, keyMessage, MessageSplitter } from './messages.ts';

interface Receiver {
  hear(message: Buffer): void;
  lost(): void;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Sessions of the server, of one user in one database: that of the first client. */
export class Pool implements AsyncDisposable {
  readonly #address: Address;
  readonly #options: PoolerOptions;
  readonly #all = new Set<PooledBackend>();
  /** Newest last. */
  #idle: PooledBackend[] = [];
  readonly #keys = new Map<CancelKey, PooledBackend>();
  #startup: Buffer | null = null;

  constructor(address: Address, options: PoolerOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** An idle session, or a new one. With `oldest` there are two at least, so that nobody has one twice in a row. */
  async take(startup: Buffer | null, receiver: Receiver): Promise<PooledBackend> {
    this.#startup ??= startup;
    const isOldest = this.#options.takes === 'oldest';
    const found = isOldest ? this.#idle.shift() : this.#idle.pop();
    const backend = found ?? (await this.#open());
    if (isOldest && this.#idle.length === 0) this.#idle.push(await this.#open());
    backend.receiver = receiver;
    return backend;
  }

  release(backend: PooledBackend): void {
    backend.receiver = null;
    this.#idle.push(backend);
  }

  /** What a login is answered with: the server's settings, and a key. */
  greeting(backend: PooledBackend, disguised: boolean): Buffer {
    const key = disguised ? backend.key : randomBytes(8).readBigUInt64BE();
    this.#keys.set(key, backend);
    return Buffer.concat([...backend.settings, keyMessage(key), Buffer.from('Z\0\0\0\x05I', 'latin1')]);
  }

  cancel(key: CancelKey): void {
    const backend = this.#keys.get(key);
    if (backend !== undefined) net.connect(this.#address).end(cancelMessage(backend.key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const backend of this.#all) backend.destroy();
  }

  async #open(): Promise<PooledBackend> {
    const socket = net.connect(this.#address);
    await once(socket, 'connect');
    const backend = new PooledBackend(socket, () => {
      this.#all.delete(backend);
      this.#idle = this.#idle.filter((each) => each !== backend);
    });
    this.#all.add(backend);
    if (this.#startup !== null) backend.write(this.#startup);
    await backend.ready;
    return backend;
  }
}

export class PooledBackend {
  receiver: Receiver | null = null;
  key: CancelKey = 0n;
  /** Authentication and settings, as it told them. */
  readonly settings: Buffer[] = [];
  readonly ready: Promise<void>;
  readonly #socket: net.Socket;

  constructor(socket: net.Socket, gone: () => void) {
    this.#socket = socket;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    const splitter = new MessageSplitter();
    let isReady = false;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      reject(new Error('the server ended the session'));
      gone();
      this.receiver?.lost();
    });
    socket.on('data', (bytes) => {
      for (const message of splitter.push(bytes)) {
        if (isReady) this.receiver?.hear(message);
        else isReady = this.#greet(message);
      }
      if (isReady) resolve();
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.receiver = null;
    this.#socket.destroy();
  }

  /** True: it is ready. */
  #greet(message: Buffer): boolean {
    const type = message.toString('latin1', 0, 1);
    if (type === 'K') this.key = message.readBigUInt64BE(5);
    else if (type !== 'Z') this.settings.push(message);
    return type === 'Z';
  }
}
