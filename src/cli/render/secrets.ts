import type {
  KeyUse,
  SecretsResult,
  SecretsRotation,
  SecretsVerification,
  UnopenedCount,
} from '../../service/secrets/sealed/results.ts';
import { count, counted } from './numbers.ts';
import { table } from './table.ts';

type Reference = SecretsResult['references'][number];

export function secretsText({ keys, references }: SecretsResult): readonly string[] {
  const keyRows = keys.map((key) => [key.id, roleOf(key), sealedBy(key)]);
  const referenceRows = references.map((reference) => [reference.name, foundIn(reference), reference.where]);
  return [
    ...(keys.length === 0
      ? ['no key: rows of dead letters are not kept, and no connection can be stored']
      : table([{ title: 'key' }, { title: 'role' }, { title: 'sealed' }], keyRows)),
    '',
    ...table([{ title: 'variable or file' }, { title: 'found' }, { title: 'used for' }], referenceRows),
  ];
}

function roleOf({ writes, configured }: KeyUse): string {
  if (writes) return 'seals and opens';
  return configured ? 'opens' : 'not configured';
}

function sealedBy({ sealed, connections }: KeyUse): string {
  const ofLetters = sealed.map(({ pipeline, letters }) => `${pipeline}: ${counted(letters, 'letter')}`);
  const ofConnections = connections.map((name) => `connection ${name}`);
  return [...ofLetters, ...ofConnections].join(', ') || 'nothing';
}

function foundIn({ from, file }: Reference): string {
  if (from === 'nowhere') return file === null ? 'no' : `no: ${file} can’t be read`;
  if (from === 'default') return 'no: its default is used';
  return file === null ? `in the ${from}` : `in ${file} (named in the ${from})`;
}

export const verificationText = ({ opened, ...unopened }: SecretsVerification): readonly string[] => [
  `${counted(opened, 'sealed value')} can be opened`,
  ...unopenedText(unopened),
];

export const rotationText = (rotation: SecretsRotation): readonly string[] => [
  `${counted(rotation.resealed, 'value')} sealed anew with key ${rotation.keyId}; ${count(rotation.current)} had been`,
  ...(rotation.overtaken === 0
    ? []
    : [
        `${counted(rotation.overtaken, 'value')} sealed with another key meanwhile: an engine does not know the new one yet; restart it, or run this again`,
      ]),
  ...unopenedText(rotation),
];

function unopenedText({ unopened, samples }: UnopenedCount): readonly string[] {
  if (unopened === 0) return [];
  const lines = samples.map(({ pipeline, letter, connection, reason, keyId }) => {
    const key = keyId === null ? '' : ` (key ${keyId})`;
    const what = connection === null ? `${pipeline}, letter ${letter}` : `connection ${connection}`;
    return `  ${what}: ${reason === 'damaged' ? 'it is damaged' : 'its key is not configured'}${key}`;
  });
  const more = unopened > samples.length ? [`  and ${count(unopened - samples.length)} more`] : [];
  return [`${counted(unopened, 'sealed value')} can’t be opened:`, ...lines, ...more];
}
