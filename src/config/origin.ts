import * as z from 'zod';

/** An origin as in the `Origin` header (RFC 6454, section 7), or "*" for all. */
export const originOrAll = z.string().superRefine((text, context) => {
  const mistake = text === '*' ? undefined : originMistake(text);
  if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake });
});

const EXPECTED = 'expected an origin such as "https://shop.example" or "http://localhost:3000"';

/** Returns what is wrong with an origin, and how to write it instead. */
function originMistake(text: string): string | undefined {
  if (text.includes('*')) {
    return `"${text}" is not an origin: "*" stands for all origins, not for a part of one. Use a pattern in \`match_origins\`, or ${EXPECTED}`;
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]+/i.test(text) || /\s/.test(text) || !URL.canParse(text)) {
    return `"${text}" is not an origin: ${EXPECTED}`;
  }
  const { protocol, host } = new URL(text);
  const origin = `${protocol}//${host}`;
  return origin === text ? undefined : `"${text}" is not an origin as browsers send it: write "${origin}"`;
}
