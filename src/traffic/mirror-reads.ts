import { isDeepStrictEqual } from 'node:util';
import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

/** `skipped`: too many mirrored requests were under way; `not_compared`: a response is too long to compare. */
export type MirrorResult = 'same' | 'different' | 'failed' | 'skipped' | 'not_compared';

export interface MirrorOptions {
  readonly mirror: Source;
  /** The share of reads, between 0 and 1. */
  readonly share: number;
  readonly mirrored?: ((subgraph: string, result: MirrorResult) => void) | undefined;
  readonly random?: () => number;
}

/** The most mirrored requests at a time. A mirror that hangs takes no more memory than these. */
const MOST_IN_FLIGHT = 100;
/** In characters. Longer texts that differ are not parsed, since that would delay other requests. */
const LONGEST_COMPARED = 65_536;

/**
 * Sends a share of reads to a second URL as well, and compares the answers. The client has its response before: the mirror neither delays
 * nor changes it. Mutations are never mirrored.
 */
export function mirrorReads(source: Source, { mirror, share, mirrored, random = Math.random }: MirrorOptions): Source {
  const { name } = source;
  const inFlight = new Set<AbortController>();

  function sendToMirror({ body, operationType, client }: SourceRequest, answer: string): void {
    if (inFlight.size >= MOST_IN_FLIGHT) return mirrored?.(name, 'skipped');
    const call = new AbortController();
    inFlight.add(call);
    // not the client's signal: it may be gone by now
    mirror.send({ body, operationType, client: { ...client, signal: call.signal } }, (response) => {
      inFlight.delete(call);
      if (!call.signal.aborted) mirrored?.(name, compare(answer, response));
    });
  }

  return {
    name,
    send(request, done) {
      if (request.operationType !== 'query' || request.isOneShot || random() >= share)
        return source.send(request, done);
      source.send(request, (response) => {
        done(response);
        if (response.kind === 'text') sendToMirror(request, response.text);
      });
    },
    async close() {
      for (const call of inFlight) call.abort();
      await Promise.all([source.close(), mirror.close()]);
    },
  };
}

/** Compares `data` and whether there are errors: messages and extensions may differ. */
function compare(answer: string, response: SubgraphResponse): MirrorResult {
  if (response.kind !== 'text') return 'failed';
  if (response.text === answer) return 'same';
  if (Math.max(answer.length, response.text.length) > LONGEST_COMPARED) return 'not_compared';
  try {
    const [one, other] = [parse(answer), parse(response.text)];
    const isSame = isDeepStrictEqual(one.data, other.data) && isEmpty(one.errors) === isEmpty(other.errors);
    return isSame ? 'same' : 'different';
  } catch {
    return 'different';
  }
}

function parse(text: string): { readonly data?: unknown; readonly errors?: readonly unknown[] } {
  return JSON.parse(text);
}

function isEmpty(errors: readonly unknown[] | undefined): boolean {
  return errors === undefined || errors.length === 0;
}
