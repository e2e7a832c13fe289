/** What is wrong with the certificate of a server that could be reached; codes of OpenSSL and of Node. */
const troubles: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is signed by itself, and nobody here trusts it',
  SELF_SIGNED_CERT_IN_CHAIN: 'comes from an authority that nobody here trusts',
  UNABLE_TO_GET_ISSUER_CERT: 'comes from an authority that nobody here trusts',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'comes from an authority that nobody here trusts',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'comes from an authority that nobody here trusts',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet: is the clock right?',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another host',
};

/** Null: it is no matter of certificates. */
export const certificateTrouble = (code: string): string | null =>
  Object.hasOwn(troubles, code) ? `its certificate ${troubles[code]} (${code})` : null;
