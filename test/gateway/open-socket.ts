import { once } from 'node:events';
import { type Client, type ClientOptions, createClient, type SubscribePayload } from 'graphql-ws';
import { SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import WebSocket from 'ws';

export const SECRET = 'a secret of thirty-two characters';

/** Returns a token of a user that is valid until then. */
export function token(expires: string | number, claims: Record<string, unknown> = {}): Promise<string> {
  const jwt = new SignJWT({ sub: 'ann', ...claims }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(expires);
  return jwt.sign(new TextEncoder().encode(SECRET));
}

export function openClient(url: string, options: Partial<ClientOptions> = {}): Client {
  const webSocketImpl = options.webSocketImpl ?? WebSocket;
  const client = createClient({ url: url.replace('http', 'ws'), retryAttempts: 0, ...options, webSocketImpl });
  onTestFinished(() => void client.dispose());
  return client;
}

/** Returns all that an operation delivers, up to its end. */
export async function all(client: Client, payload: SubscribePayload): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const result of client.iterate(payload)) results.push(result);
  return results;
}

/** A WebSocket whose messages the test writes and reads itself. */
export async function openSocket(url: string, subprotocol: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url.replace('http', 'ws'), subprotocol, { headers });
  const received: unknown[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    received.push(JSON.parse(String(data)));
    wake();
  });
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return {
    socket,
    send: (message: object) => socket.send(JSON.stringify(message)),
    async next(): Promise<unknown> {
      while (received.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return received.shift();
    },
    /** Resolves with the code with which the gateway closes it. */
    closed: once(socket, 'close').then(([code]) => code as number),
  };
}
