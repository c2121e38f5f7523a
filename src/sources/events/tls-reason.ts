/** Codes of errors of OpenSSL about the certificate of the other side. */
const OF_CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/;

/** Returns what is wrong with the certificate of a broker, by an error or its causes; `undefined` where nothing is. */
export function tlsReason(error: unknown): string | undefined {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (typeof code === 'string' && OF_CERTIFICATE.test(code)) return `its certificate is not accepted: ${code}`;
  }
  return undefined;
}
