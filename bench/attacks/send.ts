import { type Agent, request } from 'node:http';
import { type Attack, contentTypeOf } from './attacks.ts';

export interface Answer {
  /** `0` where the connection was closed without an answer. */
  readonly status: number;
  readonly body: string;
}

/** Sends an attack as it is: without what `fetch` would check, add or repair. */
export function send(origin: string, attack: Attack, agent?: Agent): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  const { method = attack.body === undefined ? 'GET' : 'POST', path = '/graphql', body } = attack;
  return new Promise((resolve) => {
    const headers = contentTypeOf(attack);
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    const req = request({ hostname, port, method, path, headers, agent }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      res.on('error', () => resolve({ status: 0, body: '' }));
    });
    req.on('error', (error) => resolve({ status: 0, body: error.message }));
    req.end(body);
  });
}
