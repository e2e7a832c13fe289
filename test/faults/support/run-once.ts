// Runs one pipeline in a process of its own, whose memory is its own: run-once.ts SOURCE TARGET TABLE DIRECTORY
import { createLockstep } from '../../../src/index.ts';

const [source = '', target = '', table = '', directory = ''] = process.argv.slice(2);
const pipeline = {
  source: { connector: 'postgres', url: source },
  destination: { connector: 'postgres', url: target },
  collections: [table],
  create: true,
} as const;
await using engine = await createLockstep({ pipelines: { once: pipeline } }, { directory, env: {} });
const { result } = await engine.run('once');
const peakRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(JSON.stringify({ result, peakRssMb }));
