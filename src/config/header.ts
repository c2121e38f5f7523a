import { z } from 'zod';

/** The name of an HTTP header (RFC 9110, section 5.1), in lower case from here on. */
export const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header, such as "x-user-id"')
  .transform((name) => name.toLowerCase());

/** The value of an HTTP header: no line breaks, nothing beyond Latin-1. */
export const headerValue = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a tab is allowed in the middle of a value
  .regex(/^[\u0009\u0020-\u007e\u0080-\u00ff]*$/, 'expected one line of Latin-1 text, as header values are');
