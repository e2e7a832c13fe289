import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TransactionSpill } from '../../../src/connectors/postgres/feed/logical/spill/transaction-spill.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const full = '/dev/full';

test.skipIf(!existsSync(full))(
  'a disk that is full while a large transaction is kept: it is told as something that may pass',
  async () => {
    await using directory = await temporaryDirectory();
    using spill = new TransactionSpill(directory.path);
    spill.begin(7);
    spill.pause();
    const [own = ''] = readdirSync(directory.path);
    // The file of the next transaction, on a disk of which the kernel says that it has no room.
    symlinkSync(full, join(directory.path, own, '8'));
    spill.begin(8);
    const message = Buffer.alloc(1000, 'I');
    expect(() => {
      spill.add(message, 0, message.length);
      spill.pause();
    }).toThrow(
      expect.objectContaining({
        code: 'postgres-spill-failed',
        class: 'transient',
        message: expect.stringContaining('ENOSPC'),
      }),
    );
  },
);
