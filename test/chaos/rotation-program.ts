import { createLockstep } from '../../src/index.ts';

/** Run by `rotation.test.ts` as a process that can be killed: changes the keys of the store below this directory. */
const [directory = ''] = process.argv.slice(2);
const side = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' } as const;
const pipelines = {
  shop: { mode: 'live', source: side, destination: side, collections: ['orders'] },
} as const;

await using engine = await createLockstep({ pipelines }, { directory });
process.stdout.write('begins\n');
process.stdout.write(`${JSON.stringify(await engine.secrets.rotate())}\n`);
