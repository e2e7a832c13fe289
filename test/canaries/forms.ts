/** Every spelling of a secret that somebody might let out without noticing. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const escaped = encodeURIComponent(secret);
  const hex = bytes.toString('hex');
  return [
    ...new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      escaped,
      escaped.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      encodeURI(secret),
      new URLSearchParams({ '': secret }).toString().slice(1),
      hex,
      hex.toUpperCase(),
      ...inBase64(bytes),
    ]),
  ];
}

/** Also in the middle of something longer: there its letters depend on where it begins. */
function inBase64(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes, Buffer.alloc(2)]).toString('base64');
    const own = text.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3));
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

export interface Canary {
  readonly name: string;
  readonly secret: string;
}

/** The names of those that can be found in what came out. */
export function findCanaries(canaries: readonly Canary[], output: string | Buffer): readonly string[] {
  const bytes = Buffer.from(output);
  return canaries
    .filter(({ secret }) => formsOf(secret).some((form) => bytes.includes(form)))
    .map(({ name }) => name);
}
