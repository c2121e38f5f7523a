import type { IncomingMessage } from 'node:http';

/** Reads a form body of up to `maxBytes`; resolves with `undefined` if it is longer or incomplete. */
export function readForm(req: IncomingMessage, maxBytes: number): Promise<URLSearchParams | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    req.on('end', () => resolve(new URLSearchParams(Buffer.concat(chunks).toString('utf8'))));
    req.on('close', () => resolve(undefined));
    req.on('error', () => resolve(undefined));
  });
}
