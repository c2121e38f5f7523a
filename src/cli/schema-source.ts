import type { SupergraphOrigin } from '../composition/load-supergraph.ts';
import { UsageError } from './failure.ts';

/** The flags that say where the supergraph comes from. */
export interface SchemaSourceFlags {
  readonly schemas?: string;
  readonly supergraph?: string;
}

/** Returns the source of the supergraph. Throws `UsageError` if both flags are given. */
export function originOf(flags: SchemaSourceFlags, defaultDir = 'schemas'): SupergraphOrigin {
  if (flags.supergraph === undefined) return { schemasDir: flags.schemas ?? defaultDir };
  if (flags.schemas === undefined) return { supergraphFile: flags.supergraph };
  throw new UsageError('--schemas and --supergraph exclude each other: use only one of them.');
}
