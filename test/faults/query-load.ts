import { Agent, request } from 'node:http';

export interface QueryLoad {
  /** Requests that were answered as they should be. */
  readonly answered: () => number;
  /** What went wrong, each once for each request. */
  readonly failures: readonly string[];
  /** Resolves when the last request has ended. */
  stop(): Promise<void>;
}

/** Sends one body after another over kept connections, from several clients. The response must contain `expected`. */
export function startQueryLoad(url: string, clients: number, bodies: readonly string[], expected: string): QueryLoad {
  const agent = new Agent({ keepAlive: true });
  const failures: string[] = [];
  let answered = 0;
  let isStopped = false;
  const run = async (client: number) => {
    for (let n = client; !isStopped; n++) {
      const outcome = await post(url, bodies[n % bodies.length] ?? '', agent);
      if (outcome.includes(expected)) answered++;
      else failures.push(outcome.slice(0, 200));
    }
  };
  const ended = Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  return {
    answered: () => answered,
    failures,
    async stop() {
      isStopped = true;
      await ended;
      agent.destroy();
    },
  };
}

/** Resolves with status and text of the response, or with the error. */
function post(url: string, body: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', (error) => resolve(`broken response: ${error.message}`));
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    sent.on('error', (error) => resolve(`no response: ${error.message}`));
    sent.end(body);
  });
}
