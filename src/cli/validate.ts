import { readFileSync } from 'node:fs';
import { endpointMismatches } from '../bff/endpoints/config-check.ts';
import { loadEndpoints } from '../bff/endpoints/endpoints.ts';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import type { Config } from '../config/config.ts';
import { placeOfKey, placeOfValue } from '../config/config-file.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import { keyText } from '../config/key-text.ts';
import { ConfigError, configPath, loadConfig } from '../config/load-config.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { broadOriginPatterns } from '../config/sections/cors.ts';
import { checkSettings } from '../gateway/check-settings.ts';
import { configMismatches } from '../gateway/config-mismatches.ts';
import { endpointSettings } from '../gateway/endpoint-settings.ts';
import { settingWarnings } from '../gateway/setting-warnings.ts';
import { documentLimits } from '../policy/limits/document-limits.ts';
import { invalidDocuments } from '../policy/persisted/invalid-documents.ts';
import { readManifestDocuments } from '../policy/persisted/manifests.ts';
import { readSupergraph, type Supergraph } from '../supergraph/supergraph.ts';
import { AlreadyReported, countOf } from './failure.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';
import { bffFolder } from './start.ts';

export interface ValidateFlags extends SchemaSourceFlags {
  readonly config?: string;
  readonly bff?: string;
}

/** The result for one part of a project: a summary line, and its problems. */
interface Finding {
  readonly summary: string;
  readonly problems: readonly Problem[];
  /** Settings that are allowed, but probably a mistake. */
  readonly warnings?: readonly Problem[];
}

/**
 * `headgate validate`: reads everything that `start` reads, and prints every problem and every warning. Throws if there is a
 * problem.
 */
export async function validate(flags: ValidateFlags): Promise<void> {
  const schemas = await validateSchemas(flags);
  const settings = await validateConfig(flags, schemas.supergraph);
  const endpoints = await validateEndpoints(flags, schemas.sdl, settings.config);
  const findings = [settings, schemas, endpoints, ...validateDocuments(schemas.supergraph, settings.config)];
  const problems = findings.flatMap((finding) => finding.problems);
  const warnings = findings.flatMap((finding) => finding.warnings ?? []);
  for (const { summary } of findings) console.log(summary);
  if (warnings.length > 0)
    console.error(`\n${warnings.map(formatProblem).join('\n')}\n\n${countOf(warnings.length, 'warning')}`);
  if (problems.length === 0) return;
  console.error(`\n${problems.map(formatProblem).join('\n')}\n\n${countOf(problems.length)}`);
  throw new AlreadyReported();
}

async function validateConfig(
  flags: ValidateFlags,
  supergraph: Supergraph | undefined,
): Promise<Finding & { readonly config?: Config }> {
  const path = configPath({ file: flags.config });
  const name = path === undefined ? 'none, using defaults' : path;
  try {
    const config = loadConfig({ file: flags.config });
    const problems = (await checkSettings(config)).map((message) => unusable(name, message));
    const text = path === undefined ? '' : readFileSync(path, 'utf8');
    if (supergraph !== undefined) problems.push(...configMismatches(config, supergraph));
    const state = problems.length > 0 ? countOf(problems.length) : 'good';
    const warnings = warningsIn(config, { path: name, text });
    return { summary: `config     ${name}: ${state}`, problems, warnings, config };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { summary: `config     ${name}: ${countOf(error.problems.length)}`, problems: error.problems };
  }
}

function unusable(file: string, message: string): Problem {
  return { file, line: 0, column: 0, code: 'UNUSABLE_SETTING', message };
}

/** A config file and its text. */
interface ConfigText {
  readonly path: string;
  readonly text: string;
}

/** Formats a key, with the indexes of list items in brackets. */
function keyOf(path: readonly string[]): string {
  return keyText(path.map((step) => (/^\d+$/.test(step) ? Number(step) : step)));
}

function warningsIn(config: Config, { path: file, text }: ConfigText): Problem[] {
  const patterns = broadOriginPatterns(config.cors).map(({ path, message }) => ({
    file,
    ...placeOfValue(text, path),
    code: 'WARNING',
    message,
  }));
  const settings = settingWarnings(config).map(({ key, code, message, hint }) => {
    return { file, ...placeOfKey(text, key), code, message: `${keyOf(key)}: ${message}`, hint };
  });
  return [...patterns, ...settings];
}

interface SchemaFinding extends Finding {
  /** Set if the schemas are good. */
  readonly sdl?: string;
  readonly supergraph?: Supergraph;
}

async function validateSchemas(flags: ValidateFlags): Promise<SchemaFinding> {
  const origin = originOf(flags);
  const name = 'schemasDir' in origin ? origin.schemasDir : origin.supergraphFile;
  const loaded = await loadSupergraph(origin);
  if (!loaded.ok)
    return { summary: `schemas    ${name}: ${countOf(loaded.problems.length)}`, problems: loaded.problems };
  const { sdl, sources } = loaded.update;
  const what = sources === undefined ? 'a supergraph' : sources.map((source) => source.name).join(', ');
  return { summary: `schemas    ${name}: good (${what})`, problems: [], sdl, supergraph: readSupergraph(sdl) };
}

/** Validates the documents of `persisted_queries.manifest`. Unreadable manifests are reported as problems of the config. */
function validateDocuments(supergraph: Supergraph | undefined, config: Config | undefined): Finding[] {
  if (supergraph === undefined || !config?.persisted_queries.enabled) return [];
  const { manifest } = config.persisted_queries;
  if (manifest.length === 0) return [];
  try {
    const registered = readManifestDocuments(manifest);
    const problems = invalidDocuments(registered, supergraph.publicSchema, documentLimits(config.limits));
    const documents = countOf(registered.length, 'document');
    const state = problems.length > 0 ? countOf(problems.length) : 'good';
    return [{ summary: `persisted  ${documents}: ${state}`, problems }];
  } catch (error) {
    if (!(error instanceof ConfigValueError)) throw error;
    return [];
  }
}

/** Validates the endpoints, if the schema is good. */
async function validateEndpoints(
  flags: ValidateFlags,
  sdl: string | undefined,
  config: Config | undefined,
): Promise<Finding> {
  const dir = bffFolder(flags);
  if (sdl === undefined) {
    const summary = dir === undefined ? 'none' : `${dir}: not checked, since the schemas have problems`;
    return { summary: `endpoints  ${summary}`, problems: [] };
  }
  const endpointConfig = config && endpointSettings(config, configPath({ file: flags.config }));
  const supergraph = readSupergraph(sdl);
  if (dir === undefined)
    return {
      summary: 'endpoints  none',
      problems: endpointMismatches([], supergraph.publicSchema, endpointConfig ?? {}),
    };
  const { endpoints, problems } = await loadEndpoints(dir, supergraph, endpointConfig);
  const state =
    problems.length > 0
      ? countOf(problems.length)
      : `good, ${endpoints.length} endpoint${endpoints.length === 1 ? '' : 's'}`;
  return { summary: `endpoints  ${dir}: ${state}`, problems };
}
