import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  /** Whom it is for. */
  readonly ip?: string;
  readonly notAfter?: Date;
}

/** A self-signed certificate (X.509 v3, P-256) for this machine: its own authority, so whoever trusts it trusts it alone. */
export function makeCertificate({
  ip = '127.0.0.1',
  notAfter = new Date(Date.now() + 86_400_000),
}: CertificateOptions = {}): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = toBeSigned({ publicKey, ip, notAfter });
  const signature = sign('sha256', body, privateKey);
  const whole = sequence(body, ecdsaWithSha256, element(0x03, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

/** Not the first second of 1970, which mongod takes for no time at all. */
const longAgo = new Date('2000-01-01T00:00:00Z');

/** RFC 5280, 4.1. */
function toBeSigned({
  publicKey,
  ip,
  notAfter,
}: {
  readonly publicKey: KeyObject;
  readonly ip: string;
  readonly notAfter: Date;
}): Buffer {
  const version3 = element(0xa0, element(0x02, Buffer.from([2])));
  const serial = element(0x02, Buffer.from([1]));
  const name = sequence(
    element(0x31, sequence(objectId('550403'), element(0x0c, Buffer.from('lockstep test')))),
  );
  const validity = sequence(utcTime(longAgo), utcTime(notAfter));
  const address = Buffer.from(ip.split('.').map(Number));
  const forAddress = extension('551d11', sequence(element(0x87, address)));
  const isAuthority = extension('551d13', sequence(element(0x01, Buffer.from([0xff]))));
  return sequence(
    version3,
    serial,
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(forAddress, isAuthority)),
  );
}

/** DER: a tag, the length, what it holds. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const spelt =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...spelt]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);

const objectId = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'));

const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));

const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), element(0x04, value));

const utcTime = (moment: Date): Buffer =>
  element(0x17, Buffer.from(`${moment.toISOString().replace(/^..|[-:T]|\..*$/g, '')}Z`));
