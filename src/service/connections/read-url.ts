import { z } from 'zod';
import type { Connector } from '../../protocol/connector.ts';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { SecretText } from '../../protocol/secret.ts';
import { describeIssues } from '../config/describe-issues.ts';
import { formatFault } from '../config/fault.ts';
import { connectorOfUrl, loadConnector, urlSchemes } from '../connectors.ts';

/** What a URL connects to, and everything in it that must not be shown. */
export interface ReadUrl {
  readonly connector: Connector;
  /** As the connector opens it. */
  readonly config: unknown;
  /** With host, database and user, and without secrets. */
  readonly address: string;
  readonly secrets: readonly SecretText[];
}

/** Or what is wrong with it, said without it. */
export async function readUrl(url: SecretText): Promise<ReadUrl | { readonly fault: string }> {
  const name = connectorOfUrl(url.reveal());
  const connector = name === null ? null : await loadConnector(name);
  if (name === null || connector === null)
    return { fault: `it must be a URL that begins with ${urlSchemes.join(', ')}` };
  const input = { connector: name, url };
  const parsed = z.safeParse(connector.configSchema, input);
  if (!parsed.success) {
    const issues = describeIssues(parsed.error.issues, { schema: connector.configSchema, input });
    return { fault: issues.map((issue) => formatFault(issue).trim()).join('; ') };
  }
  return readConfig(connector, parsed.data);
}

/** A malformed escape is found by whoever takes the URL apart. */
function readConfig(connector: Connector, config: unknown): ReadUrl | { readonly fault: string } {
  try {
    const [address, secrets] = [connector.label(config), connector.secrets(config)];
    return { connector, config, address, secrets };
  } catch (thrown) {
    return { fault: toError(thrown).message };
  }
}
