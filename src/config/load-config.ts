import { existsSync } from 'node:fs';
import { readRegularFileSync } from '../shared/read-regular-file.ts';
import { type Config, configFileSchema, type FileConfig } from './config.ts';
import { placeOfKey, readConfigFile } from './config-file.ts';
import { resolvePaths } from './config-paths.ts';
import { displayPath } from './display-path.ts';
import type { Env } from './expand.ts';
import { withOtelEnvironment } from './otel-environment.ts';
import { parsePort } from './port.ts';
import { formatProblem, type Problem } from './problem.ts';
import { missingRedis } from './redis-switches.ts';
import type { KeyRename } from './renamed-keys.ts';
import { withRedisUrl } from './sections/store.ts';
import { LOG_LEVELS } from './sections/telemetry.ts';

/** The config file that is read if no other one is named. */
export const DEFAULT_FILE = 'headgate.yaml';
/** Not read. The start fails if this file exists instead of the default file, since its settings would be ignored. */
const MISNAMED_FILE = 'headgate.yml';

/** Command-line flags. They override the environment, which overrides the file. */
export interface ConfigFlags {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
}

export interface ConfigOrigin {
  readonly flags?: ConfigFlags;
  readonly env?: Env;
  /** Path of the config file. Default: `HEADGATE_CONFIG`, else `headgate.yaml` if it exists. */
  readonly file?: string | undefined;
}

/** Thrown when the configuration cannot be used. `problems` lists the reasons with their places. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Returns the path of the config file; `undefined` if there is none, and defaults apply. */
export function configPath({ env = process.env, file }: ConfigOrigin): string | undefined {
  const named = file ?? set(env.HEADGATE_CONFIG);
  return named ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
}

/** Loads the configuration: flags over environment over file over defaults. Throws `ConfigError`. */
export function loadConfig(origin: ConfigOrigin = {}): Config {
  const { flags = {}, env = process.env } = origin;
  const path = configPath(origin);
  if (path === undefined && existsSync(MISNAMED_FILE)) throw new ConfigError([misnamed()]);
  const { config: file, text, renamed } = path === undefined ? NO_FILE : readFile(path, env);
  const resolved = path === undefined ? file : resolvePaths(file, path);
  const production = env.NODE_ENV === 'production';
  const problems: Problem[] = [];
  const port = portFrom(env, problems);
  const level = logLevelFrom(env, problems);
  const redis = redisFrom(env, file, problems) ?? file.store.redis;
  const telemetry = withOtelEnvironment(file.telemetry, env, (...problem) => problems.push(envProblem(...problem)));
  if (path !== undefined && problems.length === 0) {
    problems.push(...withoutRedis({ ...file, store: { redis } }, { path, text }));
  }
  if (problems.length > 0) throw new ConfigError(problems);

  const { listen, introspection } = file.supergraph;
  const host = flags.host ?? set(env.HOST) ?? listen.host;
  return {
    ...resolved,
    supergraph: {
      ...file.supergraph,
      listen: { host, port: flags.port ?? port ?? listen.port },
      introspection: introspection ?? !production,
    },
    telemetry: { ...telemetry, logging: { ...telemetry.logging, ...(level === undefined ? {} : { level }) } },
    store: { ...file.store, redis },
    production,
    file: path,
    renamed_keys: renamed,
  };
}

interface ReadFile {
  readonly config: FileConfig;
  readonly text: string;
  readonly renamed: readonly KeyRename[];
}

const NO_FILE: ReadFile = { config: configFileSchema.parse({}), text: '', renamed: [] };

function readFile(path: string, env: Env): ReadFile {
  const file = displayPath(path);
  let text: string;
  try {
    text = readRegularFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'File not found.' : `The config file cannot be read: ${code ?? error}.`;
    const hint = 'Check the path given with --config or HEADGATE_CONFIG.';
    throw new ConfigError([{ file, line: 1, column: 1, code: 'UNREADABLE_FILE', message, hint }]);
  }
  const read = readConfigFile(file, text, env);
  if (!read.ok) throw new ConfigError(read.problems);
  return { config: read.config, text, renamed: read.renamed };
}

function misnamed(): Problem {
  const message = `The config file is ${DEFAULT_FILE}; this file would be ignored.`;
  const hint = `Rename it to ${DEFAULT_FILE}, or name it with --config ${MISNAMED_FILE}.`;
  return { file: MISNAMED_FILE, line: 1, column: 1, code: 'MISNAMED_FILE', message, hint };
}

function portFrom(env: Env, problems: Problem[]): number | undefined {
  const text = set(env.PORT);
  if (text === undefined) return undefined;
  const port = parsePort(text);
  if (port === undefined)
    problems.push(envProblem('PORT', `"${text}" is not a port.`, 'Use a whole number from 0 to 65535.'));
  return port;
}

function logLevelFrom(env: Env, problems: Problem[]) {
  const text = set(env.LOG_LEVEL)?.toLowerCase();
  const level = LOG_LEVELS.find((known) => known === text);
  if (text !== undefined && level === undefined) {
    problems.push(envProblem('LOG_LEVEL', `"${text}" is not a log level.`, `Use one of ${LOG_LEVELS.join(', ')}.`));
  }
  return level;
}

function redisFrom(env: Env, file: FileConfig, problems: Problem[]) {
  const url = set(env.REDIS_URL);
  if (url === undefined) return undefined;
  const redis = withRedisUrl(file.store.redis, url);
  const hint = 'Use redis://HOST:PORT, or rediss:// for TLS.';
  if (redis === undefined) problems.push(envProblem('REDIS_URL', 'This is not a Redis URL.', hint));
  return redis;
}

function withoutRedis(config: FileConfig, { path, text }: { readonly path: string; readonly text: string }): Problem[] {
  return missingRedis(config).map(({ path: key, message, hint }) => ({
    file: displayPath(path),
    ...placeOfKey(text, key),
    code: 'REDIS_NOT_SET',
    message,
    hint,
  }));
}

function envProblem(variable: string, message: string, hint: string): Problem {
  return { file: `environment variable ${variable}`, line: 0, column: 0, code: 'INVALID_VARIABLE', message, hint };
}

/** Treats an empty variable as unset. */
function set(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
