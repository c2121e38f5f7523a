import type { SupergraphOrigin } from '../composition/load-supergraph.ts';
import { UsageError } from './failure.ts';

/** Where the supergraph comes from, as the flags of most verbs say. */
export interface OriginFlags {
  readonly schemas?: string;
  readonly supergraph?: string;
}

/** Throws `UsageError` when both are given. */
export function originOf(flags: OriginFlags, defaultDir = 'schemas'): SupergraphOrigin {
  if (flags.supergraph === undefined) return { schemasDir: flags.schemas ?? defaultDir };
  if (flags.schemas === undefined) return { supergraphFile: flags.supergraph };
  throw new UsageError('--schemas and --supergraph exclude each other: give the one that is to be served.');
}
