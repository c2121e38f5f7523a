/** A media type in a header: `Application/JSON; Charset="UTF-8"`. */
export interface MediaType {
  /** In lower case: `application/json`. */
  readonly essence: string;
  /** Names in lower case, values without quotes: `[['charset', 'UTF-8']]`. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/**
 * Parses a media type in time linear in the text.
 * @returns `undefined` if it has a parameter without a value
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1
 */
export function parseMediaType(text: string): MediaType | undefined {
  const [essence = '', ...rest] = splitOutsideQuotes(text, ';');
  const parameters: [string, string][] = [];
  for (const part of rest) {
    if (part === '') continue;
    const mark = part.indexOf('=');
    if (mark < 0) return undefined;
    parameters.push([part.slice(0, mark).trimEnd().toLowerCase(), unquoted(part.slice(mark + 1).trimStart())]);
  }
  return { essence: essence.toLowerCase(), parameters };
}

/** Returns whether a body has parts, as one with files by the GraphQL multipart request specification. */
export function isFormData(headers: { readonly 'content-type'?: string | undefined }): boolean {
  const type = headers['content-type'];
  return type !== undefined && parseMediaType(type)?.essence === 'multipart/form-data';
}

/** Returns the parameter `charset` in lower case; `undefined` if there is none. Two different values give an unknown charset. */
export function charsetOf({ parameters }: MediaType): string | undefined {
  const said = new Set(parameters.flatMap(([name, value]) => (name === 'charset' ? [value.toLowerCase()] : [])));
  return said.size === 0 ? undefined : [...said].join();
}

/** A media range of an `Accept` header. */
export interface MediaRange extends MediaType {
  /** From 0, which excludes it, to 1. */
  readonly quality: number;
}

/**
 * Parses an `Accept` header, and returns its ranges in order. Skips ranges that are not valid.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function parseAccept(text: string): MediaRange[] {
  return splitOutsideQuotes(text, ',').flatMap((part) => {
    const range = part === '' ? undefined : parseMediaType(part);
    if (range === undefined) return [];
    const said = range.parameters.find(([name]) => name === 'q')?.[1];
    const quality = said === undefined ? 1 : Number.parseFloat(said) || 0;
    // old clients of Java send `*`
    return [{ ...range, essence: range.essence === '*' ? '*/*' : range.essence, quality: Math.min(quality, 1) }];
  });
}

/** Whether a media type is JSON: `application/json`, or a format based on it, such as `application/graphql+json`. */
export function isJsonType(essence: string): boolean {
  return (
    essence === 'application/json' ||
    (essence.startsWith('application/') && essence.endsWith('+json') && isMediaType(essence))
  );
}

/** Whether a text in lower case is `type/subtype`, both tokens (RFC 9110, section 5.6.2). `text/plain, a/b` is not. */
export function isMediaType(essence: string): boolean {
  return MEDIA_TYPE.test(essence);
}

const MEDIA_TYPE = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Splits at separators outside of quotes, and trims the parts. */
function splitOutsideQuotes(text: string, separator: ';' | ','): string[] {
  if (!text.includes('"')) return text.split(separator).map((part) => part.trim());
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted) at += 1;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}

function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}
