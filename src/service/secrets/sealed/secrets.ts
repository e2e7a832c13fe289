import type { ControlStore } from '../../../protocol/control-store.ts';
import type { Keyring } from '../../../store/secrets/keyring.ts';
import type { ResolvedReference } from '../../config/resolved-reference.ts';
import { listSecrets } from './list.ts';
import type { SecretsResult, SecretsRotation, SecretsVerification } from './results.ts';
import { rotateSecrets } from './rotate.ts';
import { verifySecrets } from './verify.ts';

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** What is sealed in the control store, with which keys, and what comes from the environment. Needs neither side of a pipeline. */
export interface Secrets {
  list(options?: Abortable): Promise<SecretsResult>;
  /** Opens all that is sealed and tells what no key opens. */
  verify(options?: Abortable): Promise<SecretsVerification>;
  /** Seals all anew with the newest key, also while engines run. Aborted or killed: run again, it goes on. */
  rotate(options?: Abortable): Promise<SecretsRotation>;
}

export function openSecrets(parts: {
  readonly store: () => Promise<ControlStore>;
  readonly ring: Keyring;
  readonly references: readonly ResolvedReference[];
}): Secrets {
  const { ring, references } = parts;
  const sealed = async ({ signal = new AbortController().signal }: Abortable = {}) => ({
    store: await parts.store(),
    ring,
    signal,
  });
  return {
    list: async (options) => listSecrets(await sealed(options), references),
    verify: async (options) => verifySecrets(await sealed(options)),
    rotate: async (options) => rotateSecrets(await sealed(options)),
  };
}
