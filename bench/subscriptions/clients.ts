import { once } from 'node:events';
import WebSocket from 'ws';

/** How many clients connect at the same time. */
const AT_ONCE = 100;

const SUBSCRIBE = JSON.stringify({
  id: '1',
  type: 'subscribe',
  payload: { query: 'subscription { reviewAdded { body } }' },
});

/** Clients that have subscribed, and the events that they have received. */
export interface Clients {
  /** Resolves when all clients together have received so many events. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Connects clients, each with a subscription of its own. */
export async function connectClients(url: string, count: number): Promise<Clients> {
  const sockets: WebSocket[] = [];
  let [events, wanted, onEnough] = [0, Number.POSITIVE_INFINITY, () => {}];
  const onEvent = () => {
    if (++events >= wanted) onEnough();
  };
  for (let from = 0; from < count; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, () => connectClient(url, onEvent));
    sockets.push(...(await Promise.all(batch)));
  }
  return {
    received: (target) =>
      new Promise((resolve) => {
        wanted = target;
        onEnough = resolve;
        if (events >= target) resolve();
      }),
    close: async () => void (await Promise.all(sockets.map(disconnect))),
  };
}

/** Connects clients, and closes each at once, so many in all. */
export async function comeAndGo(url: string, count: number): Promise<void> {
  let left = count;
  const one = async () => {
    while (left-- > 0) await disconnect(await connectClient(url, () => {}));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Resolves when the server has processed the subscription: it answers a ping that was sent after it. */
async function connectClient(url: string, onEvent: () => void): Promise<WebSocket> {
  const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
  await once(socket, 'open');
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text.includes('"next"')) return onEvent();
      if (text.includes('"pong"')) return resolve();
      if (text.includes('"connection_ack"')) {
        socket.send(SUBSCRIBE);
        return socket.send('{"type":"ping"}');
      }
      reject(new Error(`unexpected: ${text}`));
    });
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
  });
  // closed later, by the bench
  answered.catch(() => {});
  socket.send('{"type":"connection_init"}');
  await answered;
  return socket;
}

async function disconnect(socket: WebSocket): Promise<void> {
  const closed = once(socket, 'close');
  socket.close();
  await closed;
}
