import { GraphQLError, parse, Source } from 'graphql';
import { displayPath } from '../config/display-path.ts';
import type { Env } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { readRegularFile } from '../shared/read-regular-file.ts';
import { withForeignConnectors } from './foreign-connectors.ts';
import { findIneffectiveDirective } from './ineffective-directives.ts';
import { readSources } from './read-sources.ts';
import type { SourceDefinition } from './source-definition.ts';
import { placeOf } from './source-file.ts';
import { findUnsupportedSpec, type UnsupportedSpec } from './unsupported-specs.ts';

/** A folder of schemas to compose, or the file of a composed supergraph. */
export type SupergraphOrigin = { readonly schemasDir: string } | { readonly supergraphFile: string };

/** What is known of a schema file after composition. */
export type ComposedSource = Pick<SourceDefinition, 'name' | 'kind' | 'gatewayDirectives'>;

/**
 * A supergraph SDL that may be served, and the schema files that it was composed from (none for a supergraph file). Plain data, which
 * threads and processes can exchange.
 */
export interface SupergraphUpdate {
  readonly sdl: string;
  readonly sources?: readonly ComposedSource[];
  /** Paths in the schemas folder that were not read, because they are pipes, sockets or devices. */
  readonly skipped?: readonly string[];
}

export type SupergraphLoaded =
  | { readonly ok: true; readonly update: SupergraphUpdate }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads or composes the supergraph once. Returns all mistakes as problems. */
export async function loadSupergraph(origin: SupergraphOrigin, env: Env = process.env): Promise<SupergraphLoaded> {
  if ('supergraphFile' in origin) return loadFile(origin.supergraphFile, env);
  const { sources, problems, skipped } = await readSources(origin.schemasDir, env);
  if (problems.length > 0) return { ok: false, problems };
  // a third of the start-up time, and not needed for a supergraph file
  const { composeSupergraph } = await import('./compose.ts');
  const composition = composeSupergraph(sources);
  if (!composition.ok) return { ok: false, problems: composition.problems };
  const composed = sources.map(({ name, kind, gatewayDirectives }) => ({ name, kind, gatewayDirectives }));
  const update = { sdl: composition.supergraphSdl, sources: composed };
  return { ok: true, update: skipped.length === 0 ? update : { ...update, skipped } };
}

async function loadFile(path: string, env: Env): Promise<SupergraphLoaded> {
  const file = displayPath(path);
  const fail = (code: string, message: string, hint: string | undefined, at = { line: 1, column: 1 }) => {
    return { ok: false as const, problems: [{ file, line: at.line, column: at.column, code, message, hint }] };
  };
  let sdl: string;
  try {
    sdl = await readRegularFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'File not found.' : `The supergraph file cannot be read: ${code ?? error}.`;
    return fail('UNREADABLE_FILE', message, 'Check the path and its permissions.');
  }
  try {
    const document = parse(new Source(sdl, file));
    const composed = document.definitions.some((node) => 'name' in node && node.name?.value === 'join__Graph');
    const unsupported = composed ? findUnsupportedSpec(document) : undefined;
    if (unsupported) return fail('UNSUPPORTED_SPEC', ...describeSpec(unsupported), unsupported);
    const ineffective = composed ? findIneffectiveDirective(document) : undefined;
    if (ineffective) {
      const { node, message, hint } = ineffective;
      return fail('INEFFECTIVE_DIRECTIVE', message, hint, placeOf(node));
    }
    if (composed) {
      const read = withForeignConnectors({ file, sdl, document }, env);
      return typeof read === 'string' ? { ok: true, update: { sdl: read } } : { ok: false, problems: read };
    }
    const hint = 'Put the schemas of subgraphs into a folder and pass it with --schemas DIR.';
    return fail('NOT_A_SUPERGRAPH', 'This is not a supergraph: it has no join__Graph enum.', hint);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return fail('INVALID_GRAPHQL', error.message, undefined, error.locations?.[0]);
  }
}

function describeSpec({ url }: UnsupportedSpec): [message: string, hint: string] {
  const hint = 'Compose without it, or use a version of the gateway that supports it.';
  return [`The supergraph requires ${url}, which is not supported.`, hint];
}
