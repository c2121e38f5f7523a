import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import WebSocket from 'ws';

/** Opens a WebSocket, and initializes it. */
export async function openReady(url: string) {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  onTestFinished(() => socket.terminate());
  socket.on('error', () => {});
  await once(socket, 'open');
  const send = (message: object) => socket.send(JSON.stringify(message));
  send({ type: 'connection_init' });
  await once(socket, 'message');
  return { socket, send, closed: once(socket, 'close').then(([code]) => code as number) };
}
