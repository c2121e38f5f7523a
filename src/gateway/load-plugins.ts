import { importFresh } from '../bff/shapes/import-fresh.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import { issueLines } from '../config/expectation.ts';
import { nearest } from '../config/nearest.ts';
import type { CoprocessorSection } from '../config/sections/coprocessor.ts';
import type { PluginSection } from '../config/sections/plugins.ts';
import { isRecord } from '../plugins/accept.ts';
import { createCoprocessor } from '../plugins/coprocessor/coprocessor.ts';
import { HOOK_NAMES } from '../plugins/hooks.ts';
import type { ConfigSchema, Plugin, StandardIssue } from '../plugins/plugin.ts';
import { problemOfReads } from '../plugins/plugin-reads.ts';
import type { LoadedPlugin } from '../plugins/plugin-set.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Settings of a plugin that a program passes as an object. */
export interface GivenPlugin extends Partial<Omit<PluginSection, 'path' | 'timeout'>> {
  readonly plugin: Plugin;
  /** How long an async hook may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Imports the files of `plugins`: JavaScript, or TypeScript with erasable syntax only. Throws `ConfigValueError`, which names the file or
 * the key that cannot be used.
 */
export async function loadPlugins(sections: readonly PluginSection[], logger: Logger): Promise<LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = [];
  for (const [index, { path, config, timeout, on_error }] of sections.entries()) {
    const key = `plugins[${index}]`;
    const plugin = checkPlugin(await importPlugin(path, key), key, `the default export of ${path}`);
    const settings = { config, timeoutMs: timeout, on_error };
    loaded.push({ ...(await readPlugin(plugin, settings, key, logger)), file: path });
  }
  return loaded;
}

/** Checks plugins that a program passes. Throws `ConfigValueError`. */
export async function readGivenPlugins(
  given: readonly (Plugin | GivenPlugin)[],
  logger: Logger,
): Promise<LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = [];
  for (const [index, one] of given.entries()) {
    const key = `plugins[${index}]`;
    const { plugin, ...settings } = 'plugin' in one ? one : { plugin: one };
    checkTimeout(settings.timeoutMs, key);
    loaded.push(await readPlugin(checkPlugin(plugin, key, 'it'), settings, key, logger));
  }
  return loaded;
}

/** A timer of Node fires at once for more than 24 days. */
function checkTimeout(timeoutMs: unknown, key: string): void {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs < 2 ** 31)) return;
  throw new ConfigValueError(`${key}.timeoutMs: expected milliseconds, more than 0 and less than 2^31.`);
}

/** Returns the plugin that calls the coprocessor. It has time limits of its own, and its own policy for the failures of each stage. */
export function coprocessorPlugin(section: CoprocessorSection, logger: Logger): LoadedPlugin {
  const plugin = createCoprocessor(section);
  const { name } = plugin;
  const log = logger.child({ plugin: name });
  return { name, plugin, config: undefined, timeoutMs: Number.POSITIVE_INFINITY, onError: 'fail', log };
}

async function importPlugin(file: string, key: string): Promise<unknown> {
  try {
    return (await importFresh(file)).default;
  } catch (error) {
    throw new ConfigValueError(`${key}: ${file} cannot be loaded: ${messageOf(error)}`);
  }
}

async function readPlugin(
  plugin: Plugin,
  { config, timeoutMs = DEFAULT_TIMEOUT_MS, on_error = 'fail' }: Omit<GivenPlugin, 'plugin'>,
  key: string,
  logger: Logger,
): Promise<LoadedPlugin> {
  const { name, configSchema } = plugin;
  const checked = configSchema === undefined ? config : await checkConfig(configSchema, config, `${key}.config`);
  return { name, plugin, config: checked, timeoutMs, onError: on_error, log: logger.child({ plugin: name }) };
}

/** @param what names the value, for messages */
function checkPlugin(value: unknown, key: string, what: string): Plugin {
  const example = 'Write "export default definePlugin({ name: \'…\', hooks: { … } })".';
  if (!isRecord(value)) throw new ConfigValueError(`${key}: ${what} is no plugin. ${example}`);
  const { name, hooks, reads, configSchema } = value;
  if (typeof name !== 'string' || name === '') throw new ConfigValueError(`${key}: ${what} has no "name". ${example}`);
  const plugin = `${key}: the plugin "${name}"`;
  if (!isRecord(hooks)) throw new ConfigValueError(`${plugin} has no "hooks". ${example}`);
  const unknown = Object.keys(hooks).find((hook) => !HOOK_NAMES.some((known) => known === hook));
  if (unknown !== undefined) throw new ConfigValueError(unknownHook(plugin, unknown));
  for (const hook of HOOK_NAMES) {
    if (hooks[hook] !== undefined && typeof hooks[hook] !== 'function')
      throw new ConfigValueError(`${plugin}: "hooks.${hook}" is not a function.`);
  }
  const problem = problemOfReads(reads);
  if (problem !== undefined) throw new ConfigValueError(`${plugin}: "reads": ${problem}.`);
  if (configSchema !== undefined && !isConfigSchema(configSchema))
    throw new ConfigValueError(
      `${plugin}: "configSchema" is neither a Standard Schema nor an object with a "parse" function.`,
    );
  return value as unknown as Plugin;
}

function unknownHook(plugin: string, hook: string): string {
  const [near] = nearest(hook, HOOK_NAMES);
  const hint = near === undefined ? `Hooks are ${HOOK_NAMES.join(', ')}.` : `Did you mean "${near}"?`;
  return `${plugin} has an unknown hook "${hook}". ${hint}`;
}

function isConfigSchema(value: unknown): value is ConfigSchema<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const { parse, '~standard': standard } = value as { parse?: unknown; '~standard'?: { validate?: unknown } };
  return typeof standard?.validate === 'function' || typeof parse === 'function';
}

async function checkConfig(schema: ConfigSchema<unknown>, config: unknown, key: string): Promise<unknown> {
  if ('~standard' in schema) {
    const result = await schema['~standard'].validate(config);
    if (result.issues === undefined) return result.value;
    throw new ConfigValueError(problemsOf(result.issues, key).join('\n'));
  }
  try {
    return schema.parse(config);
  } catch (error) {
    const { issues } = (error ?? {}) as { issues?: unknown };
    if (Array.isArray(issues) && issues.length > 0) throw new ConfigValueError(problemsOf(issues, key).join('\n'));
    throw new ConfigValueError(`${key}: ${messageOf(error)}`);
  }
}

/** Returns lines such as `plugins[0].config.rules[0].header: expected a string`. */
function problemsOf(issues: readonly StandardIssue[], key: string): string[] {
  const named = issues.map((issue) => {
    const path = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
    return { ...issue, path };
  });
  return issueLines(named, [key]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
