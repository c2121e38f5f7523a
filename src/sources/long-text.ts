import { GatewayError } from '../shared/gateway-error.ts';
import { parseInSlices } from '../shared/parse-in-slices.ts';
import { TimeSlices, WorkStopped } from '../shared/time-slices.ts';
import { abortFailure, bodyFailure } from './http/http-failure.ts';
import type {
  CancelSignal,
  ClientContext,
  ResponseMemory,
  ResponseObserver,
  SourceFailure,
  SourceRequest,
  SubgraphResponse,
} from './source.ts';

/** In bytes or characters. Longer responses wait for memory, and are processed in slices. */
export const LONG_TEXT = 65_536;

/** Resolves when a text of this size may be decoded and parsed. Rejects with what {@link stoppedFailure} explains. */
export function takeMemory(
  memory: ResponseMemory | undefined,
  size: number,
  signal: CancelSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (memory === undefined) return resolve();
    memory.take(size, (isOver) => {
      if (isOver) reject(new WorkStopped(signal?.aborted ? 'aborted' : 'heap'));
      else resolve();
    });
  });
}

/**
 * Parses a response that has a long text, when there is memory for it. Returns others as they are, so they cost no promise. Resolves
 * with a failure for a text that is not JSON, and where the gateway has not enough memory.
 */
export function parseIfLong(
  name: string,
  response: SubgraphResponse,
  request: SourceRequest,
): SubgraphResponse | Promise<SubgraphResponse> {
  return response.kind === 'text' && response.text.length > LONG_TEXT ? parseLong(name, response, request) : response;
}

async function parseLong(
  name: string,
  { text, status, headers, retryAfter }: Extract<SubgraphResponse, { kind: 'text' }>,
  { memory, client }: SourceRequest,
): Promise<SubgraphResponse> {
  try {
    await takeMemory(memory, text.length, client.signal);
    const result = await parseInSlices(text, new TimeSlices(client.signal));
    return { kind: 'parsed', result, size: text.length, status, headers, retryAfter };
  } catch (error) {
    const failure = stoppedFailure(name, error) ?? bodyFailure(name, 'it is not valid JSON', status);
    return { kind: 'failure', failure };
  }
}

/** Reports a long response that could not be parsed. To be called with what {@link parseIfLong} has made of it. */
export function reportUnreadable(
  observer: ResponseObserver | undefined,
  name: string,
  received: SubgraphResponse,
  parsed: SubgraphResponse,
  client: ClientContext,
): void {
  if (parsed.kind === 'failure' && parsed.failure.code === 'SUBREQUEST_MALFORMED_RESPONSE')
    observer?.failed(name, received, parsed.failure, client);
}

/** Returns the failure of work on a long response that was not done; `undefined` for other errors. */
export function stoppedFailure(name: string, error: unknown): SourceFailure | undefined {
  if (error instanceof GatewayError) {
    const message = `The gateway has no memory for further long responses of "${name}". Try again in a moment.`;
    return { code: 'OVERLOADED', message, reason: 'too many long responses', retryAfter: 1 };
  }
  if (!(error instanceof WorkStopped)) return undefined;
  if (error.reason === 'aborted') return abortFailure(name);
  const message = `A response of "${name}" needs more memory than the gateway has left. Request less data at once.`;
  return { code: 'OVERLOADED', message, reason: 'heap is full' };
}
