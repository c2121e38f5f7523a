import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEndpoints } from '../bff/endpoints/endpoints.ts';
import { clientFiles } from '../bff/types/client-files.ts';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';
import { formatProblem } from '../config/problem.ts';
import { readSupergraph } from '../supergraph/supergraph.ts';
import { AlreadyReported, countOf, UsageError } from './failure.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';
import { bffFolder } from './start.ts';

export interface BffTypesFlags extends SchemaSourceFlags {
  readonly bff?: string;
  /** Only this client; default: all. */
  readonly client?: string;
  /** The folder that the files go to. */
  readonly out: string;
}

/**
 * `headgate bff types`: writes `CLIENT.ts` and `CLIENT.schema.json` for each client. Throws `CompositionError`, and `UsageError`
 * for an unknown client. Writes nothing if endpoints have problems.
 */
export async function bffTypes(flags: BffTypesFlags): Promise<void> {
  const dir = bffFolder(flags);
  if (dir === undefined) throw new UsageError('No folder of endpoints found; name it with --bff.');
  const loaded = await loadSupergraph(originOf(flags));
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  const supergraph = readSupergraph(loaded.update.sdl);
  const { endpoints, problems } = await loadEndpoints(dir, supergraph);
  if (problems.length > 0) {
    console.error(`${problems.map(formatProblem).join('\n')}\n\n${countOf(problems.length)}; nothing was written`);
    throw new AlreadyReported();
  }
  const clients = [...new Set(endpoints.map(({ client }) => client))].sort();
  if (flags.client !== undefined && !clients.includes(flags.client)) {
    throw new UsageError(`--client: ${dir} has no endpoints of "${flags.client}". Its clients: ${clients.join(', ')}.`);
  }
  mkdirSync(flags.out, { recursive: true });
  for (const client of flags.client === undefined ? clients : [flags.client]) {
    const files = clientFiles(endpoints, supergraph.publicSchema, client);
    write(join(flags.out, `${client}.ts`), files.typescript);
    write(join(flags.out, `${client}.schema.json`), files.jsonSchema);
  }
}

function write(file: string, text: string): void {
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}
