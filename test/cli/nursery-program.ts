import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { growNursery } from '../../src/cli/nursery.ts';

/** Run by `nursery.test.ts`: tells how large V8's nursery is, before and after. */
const nurseryBytes = (): number | undefined =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size;

setFlagsFromString('--semi-space-growth-factor=1');
const before = nurseryBytes();
growNursery(Number(process.argv[2]));
process.stdout.write(JSON.stringify({ before, after: nurseryBytes() }));
