import type { SecretText } from '../protocol/secret.ts';
import type { HttpServer } from './listening.ts';

export interface OwnAnswer {
  readonly status: number;
  /** Of the body: `application/json`. */
  readonly type: string;
  readonly body: string;
}

export interface OwnPathsOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Needed for any address that others reach. */
  readonly token: SecretText | null;
  /** What no answer shows, whatever quotes it; nor the token. */
  readonly secrets: readonly SecretText[];
  /** Names that stand in the open anyway (databases, users, hosts): a secret that equals one of them hides nothing. Default: none. */
  readonly publicWords?: readonly string[] | undefined;
  /** What is answered to a GET, by path: of what is in memory, so that health is told whatever is away. */
  readonly paths: Readonly<Record<string, () => OwnAnswer>>;
}

/**
 * HTTP with paths of a program's own, behind the same guards as the engine's: a token, on this machine alone nobody's page, and a redactor
 * that every body passes last. Answers are not kept, and are what their type says. Throws `token-needed` or `listen-failed`.
 */
export async function openOwnPaths(options: OwnPathsOptions): Promise<HttpServer> {
  // Who serves nothing does not load it.
  const { serveOwnPaths } = await import('./own-paths.ts');
  return await serveOwnPaths(options);
}
