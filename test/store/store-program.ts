import { writeSync } from 'node:fs';
import type { ControlStore } from '../../src/protocol/control-store.ts';
import type { Fence, Key } from '../../src/protocol/names.ts';
import { openStore } from '../chaos/world/open-store.ts';

/** Run by `store-process.ts` as a process that can be killed. Each line is written only after what it says was acknowledged. The path may be a URL. */
const [task = '', path = ''] = process.argv.slice(2);
const print = (line: string | number): void => {
  writeSync(1, `${line}\n`);
};

await using store = await openStore(path);
switch (task) {
  case 'open':
    print(store.storeId);
    break;
  case 'save':
    await saveForEver(store, await takeLease(store));
    break;
  case 'request':
    await requestForEver(store, await takeLease(store));
    break;
  case 'raise':
    await raiseForEver(store, await takeLease(store));
    break;
  case 'connections':
    await connectForEver(store);
    break;
  default:
    throw new Error(`no such task: ${task}`);
}

async function takeLease(from: ControlStore): Promise<Fence> {
  const lease = await from.leases.acquire({ pipeline: 'shop', owner: 'node-a', durationMs: 60_000 });
  if (lease === null) throw new Error('the lease is held');
  return lease.fence;
}

/** Two entries that must always say the same, large enough for several pages. */
async function saveForEver(to: ControlStore, fence: Fence): Promise<void> {
  const known = await to.checkpoints.get('shop', 'pass', 'left');
  for (let number = typeof known === 'number' ? known + 1 : 1; ; number += 1) {
    await to.checkpoints.save({ pipeline: 'shop', fence }, [
      { space: 'pass', name: 'left', value: number },
      { space: 'pass', name: `padding-${number % 50}`, value: 'x'.repeat(20_000) },
      { space: 'pass', name: 'right', value: number },
    ]);
    print(number);
  }
}

/** Decisions whose keys all name the figure of their guard. */
async function raiseForEver(to: ControlStore, fence: Fence): Promise<void> {
  const [known] = await to.guards.list('shop');
  for (let total = (known?.total ?? 0) + 1; ; total += 1) {
    const guard = { collection: 'users', leaving: 20_000, total, samples: [], raisedAtMs: total };
    await to.guards.raise({ pipeline: 'shop', fence }, guard, keysOf(total));
    print(total);
  }
}

async function* keysOf(total: number): AsyncIterable<readonly Key[]> {
  for (let page = 0; page < 20; page += 1) {
    yield Array.from({ length: 1000 }, (_, index) => `["${total}","${page * 1000 + index}"]`);
  }
}

/** Asks, begins, ends and pauses; each step says what it did. */
async function requestForEver(to: ControlStore, fence: Fence): Promise<void> {
  const by = { pipeline: 'shop', fence };
  for (let number = 1; ; number += 1) {
    const id = await to.requests.ask('shop', { kind: 'replay', detail: number, askedAtMs: number });
    print(`asked ${id}`);
    await to.requests.begin(by, id);
    print(`began ${id}`);
    await to.requests.end(by, id, { state: 'done', result: number });
    print(`ended ${id}`);
    await to.requests.setPaused('shop', { sinceMs: id, reason: 'r' });
    print(`paused ${id}`);
  }
}

/** Stores, seals anew and removes; each step says what it did. */
async function connectForEver({ connections }: ControlStore): Promise<void> {
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
  for (let number = 1; ; number += 1) {
    const was = bytes(`sealed ${number}`);
    await connections.put({ name: 'shop', sealed: was, savedAtMs: number });
    print(`put ${number}`);
    await connections.reseal({ name: 'shop', was, sealed: bytes(`anew ${number}`) });
    print(`resealed ${number}`);
    await connections.remove('shop');
    print(`removed ${number}`);
  }
}
