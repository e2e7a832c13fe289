import type { Document } from 'mongodb';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';

/** MongoDB 5.0, the oldest that we work with; as the connector has it. */
const oldestWireVersion = 13;

/**
 * A store needs transactions and members that confirm writes. Of a sharded cluster each router would add its own clock to those by which
 * leases end.
 */
export async function mustBeFit(ask: (command: Document) => Promise<Document>, label: string): Promise<void> {
  const hello = await ask({ hello: 1 });
  if (Number(hello['maxWireVersion']) < oldestWireVersion) {
    const { version } = await ask({ buildInfo: 1 });
    throw tooOld(label, String(version));
  }
  if (hello['msg'] === 'isdbgrid') throw new LockstepError('mongodb-sharded', { address: label });
  if (hello['setName'] === undefined)
    throw new LockstepError('mongodb-standalone', {
      address: label,
      detail: 'the control store needs transactions',
    });
}

const tooOld = (address: string, version: string): LockstepError =>
  new LockstepError('server-too-old', { address, version: `MongoDB ${version}`, minimum: 'MongoDB 5.0' });
