import { connect } from 'node:net';

const BODY = '{"query":"{ __typename }"}';
const REQUEST = [
  'POST /graphql HTTP/1.1',
  'host: gateway',
  'content-type: application/json',
  `content-length: ${BODY.length}`,
  'connection: close',
  '',
  BODY,
].join('\r\n');

/** `answered`, `refused` (before the connection was made), or what went wrong: `reset`, `no answer`, or another status. */
export type Outcome = string;

/** Sends one request on a connection of its own. Resolves when the connection has ended. */
export function sendOnce(port: number): Promise<Outcome> {
  return new Promise((resolve) => {
    let text = '';
    let connected = false;
    const socket = connect(port, '127.0.0.1', () => {
      connected = true;
      socket.write(REQUEST);
    });
    socket.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!connected && error.code === 'ECONNREFUSED') resolve('refused');
      else resolve(error.code === 'ECONNRESET' ? 'reset' : String(error.code));
    });
    socket.on('end', () => resolve(outcomeOf(text)));
  });
}

function outcomeOf(text: string): Outcome {
  if (text === '') return 'no answer';
  return text.includes('{"data":{"__typename":"Query"}}') ? 'answered' : text.slice(0, 100);
}

export interface Load {
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Lets each client end after the request that it has sent. */
  stop(): void;
  /** Resolves when every client has ended. */
  readonly ended: Promise<unknown>;
}

/** Starts clients that send one request after another, each on a new connection, until they are refused or stopped. */
export function startLoad(port: number, clients: number): Load {
  const counts: Record<Outcome, number> = { answered: 0 };
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  const run = async () => {
    while (!stopped) {
      const outcome = await sendOnce(port);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (outcome === 'refused') return;
    }
  };
  const ended = Promise.all(Array.from({ length: clients }, run));
  return { counts, ended, stop };
}
