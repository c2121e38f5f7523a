/** A request as it is sent. */
export interface UnsignedRequest {
  readonly method: string;
  /** `http` or `https`. */
  readonly scheme: string;
  /** Host and port, as in the `host` header. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
  /** A flat list of names, in lower case, and values. */
  readonly headers: readonly string[];
}

/** Parameters of a signature. Times in seconds since 1970. */
export interface SignatureParameters {
  readonly created?: number | undefined;
  readonly expires?: number | undefined;
  readonly keyId?: string | undefined;
  readonly algorithm?: string | undefined;
}

/** The text that is signed, and the value of `Signature-Input` for it. */
export interface SignatureBase {
  readonly base: string;
  readonly input: string;
}

/**
 * Writes the signature base of a request.
 * @param components names of headers, and of other parts such as `@path`. Headers that the request does not have are left out
 * @see https://www.rfc-editor.org/rfc/rfc9421#section-2.5
 */
export function signatureBase(
  request: UnsignedRequest,
  components: readonly string[],
  parameters: SignatureParameters,
): SignatureBase {
  const names: string[] = [];
  let base = '';
  for (const name of components) {
    const value = componentOf(request, name);
    if (value === undefined) continue;
    names.push(`"${name}"`);
    base += `"${name}": ${value}\n`;
  }
  const input = `(${names.join(' ')})${parametersText(parameters)}`;
  return { base: `${base}"@signature-params": ${input}`, input };
}

function parametersText({ created, expires, keyId, algorithm }: SignatureParameters): string {
  let text = '';
  if (created !== undefined) text += `;created=${created}`;
  if (expires !== undefined) text += `;expires=${expires}`;
  if (keyId !== undefined) text += `;keyid=${quoted(keyId)}`;
  if (algorithm !== undefined) text += `;alg=${quoted(algorithm)}`;
  return text;
}

/** Writes a string of structured fields (RFC 8941, section 4.1.6). */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function componentOf(request: UnsignedRequest, name: string): string | undefined {
  return name.startsWith('@') ? derived(request, name) : header(request.headers, name);
}

/** Returns the value of a derived component (RFC 9421, section 2.2). */
function derived({ method, scheme, authority, path }: UnsignedRequest, name: string): string {
  const queryAt = path.indexOf('?');
  const values: Readonly<Record<string, string>> = {
    '@method': method,
    '@scheme': scheme,
    '@authority': authority.toLowerCase(),
    '@target-uri': `${scheme}://${authority}${path}`,
    '@request-target': path,
    '@path': queryAt === -1 ? path : path.slice(0, queryAt),
    '@query': queryAt === -1 ? '?' : path.slice(queryAt),
  };
  return values[name] as string;
}

/** Returns the values of a header as one, each without spaces around it (RFC 9421, section 2.1). */
function header(headers: readonly string[], name: string): string | undefined {
  let combined: string | undefined;
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] !== name) continue;
    const value = (headers[at + 1] as string).trim();
    combined = combined === undefined ? value : `${combined}, ${value}`;
  }
  return combined;
}
