import { loadConfig } from '../../src/service/config/load-config.ts';

/** Loads the configuration that is named, as the command line does, and prints what is in it. */
const [path] = process.argv.slice(2);
const { store, pipelines } = await loadConfig({ path, cwd: process.cwd(), env: process.env });
process.stdout.write(
  JSON.stringify({
    store: store.kind === 'sqlite' ? store.path : store.label,
    sides: [...pipelines.values()].map(({ source, destination }) => [source.label, destination.label]),
  }),
);
