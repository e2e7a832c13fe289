import type { MongodbDatabase } from '../../../index.ts';
import type { Settings } from '../settings/settings.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** What of both deployments keeps the recipe from working; the rest is found by the engine's own check. */
export async function findFaults(
  { bitsacco, featbit }: { readonly bitsacco: MongodbDatabase; readonly featbit: MongodbDatabase },
  { capture }: Pick<Settings, 'capture'>,
  options: SignalOption,
): Promise<readonly string[]> {
  const [source, target] = await Promise.all([
    isReplicaSet(bitsacco, options),
    isReplicaSet(featbit, options),
  ]);
  return [
    ...(source || capture.kind === 'poll'
      ? []
      : [
          `${bitsacco.address} (Bitsacco) is a standalone server: live capture needs a replica set. Make it one (one member is enough), or set FEATBIT_CAPTURE=poll`,
        ]),
    ...(target
      ? []
      : [
          `${featbit.address} (FeatBit) is a standalone server: users are written in transactions, which need a replica set (one member is enough; FEATBIT_CAPTURE=poll spares Bitsacco’s server this, not FeatBit’s)`,
        ]),
  ];
}

async function isReplicaSet(database: MongodbDatabase, options: SignalOption): Promise<boolean> {
  const { setName, msg } = await database.command({ hello: 1 }, options);
  return setName !== undefined || msg === 'isdbgrid';
}
