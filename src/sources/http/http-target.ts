import type { ByteBudget } from '../../shared/byte-budget.ts';
import type { Coding } from '../../shared/content-codings.ts';
import type { ForwardHeaders } from '../source.ts';
import type { Connections } from './connections.ts';

/** Settings that all calls of one source share. */
export interface HttpTarget {
  readonly name: string;
  readonly pool: Connections;
  readonly path: string;
  /** The URL without credentials and query, for traces. */
  readonly url: string;
  /** A flat list of names and values. */
  readonly headers: readonly string[];
  /** Computes headers from the client's. They replace headers of the same name in `headers`. */
  readonly forward: ForwardHeaders | undefined;
  /** The coding of request bodies. `headers` has its `content-encoding`. */
  readonly compression: Coding | undefined;
  /** Whether responses include their headers. */
  readonly returnsHeaders: boolean;
  readonly timeoutMs: number;
  /** The header for the time that is left. */
  readonly deadlineHeader: string | undefined;
  readonly maxResponseBytes: number;
  /** Counts the bytes of long responses while they arrive. */
  readonly byteBudget: ByteBudget | undefined;
  readonly sign: SignCall | undefined;
  /** Whether signatures cover the body, so that it must be there as a whole. */
  readonly signsBody: boolean;
}

/** Returns the headers of a call with its signature. `headers` is a flat list of names and values. */
export type SignCall = (headers: readonly string[], body: string | Buffer) => readonly string[];
