import type { IncomingMessage } from 'node:http';
import { readBytes } from '../../shared/read-bytes.ts';

/** Reads a form body of up to `maxBytes`; resolves with `undefined` if it is longer or incomplete. */
export function readForm(req: IncomingMessage, maxBytes: number): Promise<URLSearchParams | undefined> {
  return readBytes(req, maxBytes, formOf, ERRORS).catch(() => undefined);
}

const formOf = (bytes: Buffer) => new URLSearchParams(bytes.toString('utf8'));

const ERRORS = {
  tooLarge: () => new Error('The form is too large.'),
  disconnected: () => new Error('The form never came to its end.'),
};
