import { createLockstep } from '../../src/index.ts';
import type { OurRun } from './ours.ts';

/** One run of the engine, alone in its process; says what it cost. */
const request = JSON.parse(process.argv[2] ?? '') as OurRun;
const { configuration } = (await import(`../configurations/${request.configuration}.ts`)) as {
  configuration: (run: OurRun) => Parameters<typeof createLockstep>[0];
};

await using lockstep = await createLockstep(configuration(request));
const result =
  request.verb === 'run'
    ? await lockstep.run('bench')
    : await lockstep.verify('bench', { repair: request.verb === 'repair' });
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stdout.write(
  JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakRssMb: maxRSS / 1024, result }),
);
