import { findBreakingChanges } from 'graphql';
import type { EndpointConfig } from '../bff/endpoints/config-check.ts';
import { compileEndpoints } from '../bff/endpoints/endpoints.ts';
import { readEndpointFolder } from '../bff/endpoints/folder.ts';
import { loadShapes } from '../bff/shapes/load-shapes.ts';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';
import type { Config } from '../config/config.ts';
import { configPath, loadConfig } from '../config/load-config.ts';
import { formatProblem } from '../config/problem.ts';
import { configMismatches } from '../gateway/config-mismatches.ts';
import { endpointSettings } from '../gateway/endpoint-settings.ts';
import { type ManifestDocument, readManifestDocuments } from '../policy/persisted/manifests.ts';
import { readSupergraph, type Supergraph, SupergraphError } from '../supergraph/supergraph.ts';
import type { UsageReport } from '../usage/usage-report.ts';
import { usersOfChange } from './breaking-usage.ts';
import { compareDocuments } from './compare-documents.ts';
import { type Schemas, slowerBy } from './compare-plans.ts';
import { periodText, userText } from './coordinate-users.ts';
import { type Effect, indent, summarize } from './effect.ts';
import { AlreadyReported, countOf, UsageError } from './failure.ts';
import { readGivenFile } from './read-given-file.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';
import { bffFolder } from './start.ts';
import { readUsage } from './usage-source.ts';

export interface CheckFlags extends SchemaSourceFlags {
  /** A file with the supergraph SDL before the change. */
  readonly against: string;
  readonly config?: string;
  readonly bff?: string;
  /** Where usage is read from; `true` means as the config says. Without it, usage does not matter. */
  readonly usage?: string | true;
  /** Which breaking changes make the command fail. */
  readonly failOn?: 'used' | 'any';
  /** `admin.token` */
  readonly token?: string;
}

/**
 * `headgate check`: prints the breaking changes of the schema, which endpoints and persisted documents they break (exit 1), and
 * which they make slower (a warning, with both plans). With `usage`, it prints which operations and clients each change breaks, and
 * changes that break nobody do not fail.
 */
export async function check(flags: CheckFlags): Promise<void> {
  const before = readBefore(flags.against);
  const loaded = await loadSupergraph(originOf(flags));
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  const schemas = { before, now: readSupergraph(loaded.update.sdl) };
  const config = loadConfig({ file: flags.config });
  const breaking = reportBreaking(schemas, await usageFor(flags, config), flags.failOn);
  const dir = bffFolder(flags);
  const endpointConfig = endpointSettings(config, configPath({ file: flags.config }));
  const effects = [
    ...(dir === undefined ? [] : [await compareEndpoints(dir, schemas, endpointConfig)]),
    ...documentsOf(config).map((documents) => compareDocuments(documents, schemas)),
  ];
  for (const { summary } of effects) console.log(summary);
  const endpointMismatches = configMismatches(config, schemas.now);
  if (endpointMismatches.length > 0) console.log(`config     ${countOf(endpointMismatches.length)}`);
  for (const { broken, slower, invalid = [] } of effects)
    for (const text of [...broken, ...invalid, ...slower]) console.log(`\n${text}`);
  for (const problem of endpointMismatches) console.log(`\nbroken     ${formatProblem(problem)}`);
  if (breaking > 0 || endpointMismatches.length > 0 || effects.some(({ broken }) => broken.length > 0))
    throw new AlreadyReported();
}

/** Throws `UsageError` if the file is not a supergraph. */
function readBefore(file: string): Supergraph {
  try {
    return readSupergraph(readGivenFile('--against', file));
  } catch (error) {
    if (!(error instanceof SupergraphError)) throw error;
    const hint = 'Expected the output of `headgate compose --out FILE`.';
    throw new UsageError(`--against ${file}: ${error.message} ${hint}`);
  }
}

/** Returns what clients use; `undefined` where it does not matter. */
async function usageFor(flags: CheckFlags, config: Config): Promise<UsageReport | undefined> {
  if (flags.usage === undefined) {
    if (flags.failOn !== undefined) throw new UsageError('--fail-on needs --usage');
    return undefined;
  }
  return readUsage({ source: flags.usage === true ? undefined : flags.usage, token: flags.token }, config);
}

/** Prints the breaking changes. Returns how many of them make the command fail. */
function reportBreaking(
  { before, now }: Schemas,
  usage: UsageReport | undefined,
  failOn: CheckFlags['failOn'],
): number {
  const breaking = findBreakingChanges(before.publicSchema, now.publicSchema).filter(
    ({ description }) => !description.startsWith('Standard scalar '),
  );
  console.log(
    `schema     ${breaking.length === 0 ? 'no breaking changes' : countOf(breaking.length, 'breaking change')}`,
  );
  let unused = 0;
  for (const change of breaking) {
    console.log(`  ${change.type}  ${change.description}`);
    const users = usage && usersOfChange(change, usage);
    for (const user of users ?? []) console.log(`    breaks ${userText(user)}`);
    if (usage === undefined || usage.operations.length === 0 || users?.length !== 0) continue;
    unused += 1;
    console.log(`    breaks nobody: not used ${periodText(usage)}`);
  }
  if (usage?.operations.length === 0 && breaking.length > 0)
    console.log('  No usage is recorded, so every breaking change counts as used.');
  return failOn === 'any' ? breaking.length : breaking.length - unused;
}

async function compareEndpoints(dir: string, schemas: Schemas, endpointConfig: EndpointConfig): Promise<Effect> {
  const folder = readEndpointFolder(dir);
  const shapes = await loadShapes(folder.shapes);
  const earlier = compileEndpoints(folder, schemas.before, { ...endpointConfig, shapes });
  const current = compileEndpoints(folder, schemas.now, { ...endpointConfig, shapes });
  const wereValid = new Set(earlier.endpoints.map(({ file }) => file));
  const lost = current.broken.filter(({ file }) => wereValid.has(file));
  const broken = lost.map(({ method, path, problems }) =>
    [`broken     ${method} ${path}`, ...problems.map((problem) => indent(formatProblem(problem)))].join('\n'),
  );
  const settings = current.settingProblems.map((problem) => `broken     ${formatProblem(problem)}`);
  const slower = current.endpoints
    .filter(({ file }) => wereValid.has(file))
    .flatMap(({ method, path, file, query, timed }) =>
      slowerBy(`${method} ${path} (${file})`, { query, deferGroups: timed }, schemas),
    );
  return {
    summary: `endpoints  ${dir}: ${summarize(broken, slower, settings)}`,
    broken: [...broken, ...settings],
    slower,
  };
}

/** Returns the documents of the manifests, or an empty list if there are no manifests. */
function documentsOf({ persisted_queries: { enabled, manifest } }: Config): readonly (readonly ManifestDocument[])[] {
  return enabled && manifest.length > 0 ? [readManifestDocuments(manifest)] : [];
}
