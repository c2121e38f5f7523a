import { loadEndpoints } from '../bff/endpoints/endpoints.ts';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import { ConfigError, configPath, loadConfig } from '../config/load-config.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { checkSettings } from '../server/check-settings.ts';
import { readSupergraph } from '../supergraph/supergraph.ts';
import { AlreadyReported, countOf } from './failure.ts';
import { type OriginFlags, originOf } from './origin.ts';
import { bffFolder } from './start.ts';

export interface ValidateFlags extends OriginFlags {
  readonly config?: string;
  readonly bff?: string;
}

/** What one part of a project came to: a line for people, and what is wrong in it. */
interface Finding {
  readonly summary: string;
  readonly problems: readonly Problem[];
}

/** `headgate validate`: reads all that `start` would read, and lists every problem; throws when there was one. */
export async function validate(flags: ValidateFlags): Promise<void> {
  const schemas = await validateSchemas(flags);
  const findings = [validateConfig(flags), schemas, await validateEndpoints(flags, schemas.sdl)];
  const problems = findings.flatMap((finding) => finding.problems);
  for (const { summary } of findings) console.log(summary);
  if (problems.length === 0) return;
  console.error(`\n${problems.map(formatProblem).join('\n')}\n\n${countOf(problems.length)}`);
  throw new AlreadyReported();
}

function validateConfig(flags: ValidateFlags): Finding {
  const path = configPath({ file: flags.config });
  const name = path === undefined ? 'none, defaults hold' : path;
  try {
    const config = loadConfig({ file: flags.config });
    const problems = checkSettings(config).map((message) => unusable(name, message));
    return { summary: `config     ${name}: ${problems.length > 0 ? countOf(problems.length) : 'good'}`, problems };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { summary: `config     ${name}: ${countOf(error.problems.length)}`, problems: error.problems };
  }
}

function unusable(file: string, message: string): Problem {
  return { file, line: 0, column: 0, code: 'UNUSABLE_SETTING', message };
}

async function validateSchemas(flags: ValidateFlags): Promise<Finding & { readonly sdl?: string }> {
  const origin = originOf(flags);
  const name = 'schemasDir' in origin ? origin.schemasDir : origin.supergraphFile;
  const loaded = await loadSupergraph(origin);
  if (!loaded.ok)
    return { summary: `schemas    ${name}: ${countOf(loaded.problems.length)}`, problems: loaded.problems };
  const { sdl, sources } = loaded.update;
  const what = sources === undefined ? 'a supergraph' : sources.map((source) => source.name).join(', ');
  return { summary: `schemas    ${name}: good (${what})`, problems: [], sdl };
}

/** Endpoints are checked against the schema, so they wait until that is good. */
async function validateEndpoints(flags: ValidateFlags, sdl: string | undefined): Promise<Finding> {
  const dir = bffFolder(flags);
  if (dir === undefined) return { summary: 'endpoints  none', problems: [] };
  if (sdl === undefined)
    return { summary: `endpoints  ${dir}: not checked, for the schemas have problems`, problems: [] };
  const { endpoints, problems } = await loadEndpoints(dir, readSupergraph(sdl));
  const state =
    problems.length > 0
      ? countOf(problems.length)
      : `good, ${endpoints.length} endpoint${endpoints.length === 1 ? '' : 's'}`;
  return { summary: `endpoints  ${dir}: ${state}`, problems };
}
