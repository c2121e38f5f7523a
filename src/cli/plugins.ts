import { loadConfig } from '../config/load-config.ts';
import { coprocessorPlugin, loadPlugins } from '../gateway/load-plugins.ts';
import { HOOK_NAMES } from '../plugins/hooks.ts';
import { type LoadedPlugin, PluginSet } from '../plugins/plugin-set.ts';
import { createLogger } from '../telemetry/logger.ts';

export interface PluginFlags {
  readonly config?: string;
}

/** `headgate plugins list`: prints the plugins of the config file, and which of them each hook calls. Throws `ConfigValueError`. */
export async function listPlugins(flags: PluginFlags): Promise<void> {
  const config = loadConfig({ file: flags.config });
  const logger = createLogger({ level: 'silent' });
  const { coprocessor } = config;
  const own = coprocessor ? [coprocessorPlugin(coprocessor, logger)] : [];
  const plugins = [...(await loadPlugins(config.plugins, logger)), ...own];
  process.stdout.write(plugins.length === 0 ? 'no plugins\n' : `${table(plugins)}\n\n${hooksOf(plugins)}\n`);
}

function table(plugins: readonly LoadedPlugin[]): string {
  const rows = plugins.map(({ name, file = '', timeoutMs, onError, plugin: { reads } }) => [
    ...[name, file, Number.isFinite(timeoutMs) ? `${timeoutMs} ms` : 'its own', onError, readsText(reads)],
  ]);
  return aligned([['plugin', 'file', 'timeout', 'on_error', 'reads'], ...rows]);
}

/** Describes what a plugin reads: `headers host, claims`. */
function readsText(reads: LoadedPlugin['plugin']['reads']): string {
  if (reads === undefined) return 'not declared: switches sharing and caches off';
  if (reads === 'nothing') return 'nothing';
  const { headers = [], ...others } = reads;
  const named = Object.entries(others).flatMap(([name, isRead]) => (isRead ? [name] : []));
  const parts = headers.length > 0 ? [`headers ${headers.join(' ')}`, ...named] : named;
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function hooksOf(plugins: readonly LoadedPlugin[]): string {
  const { hooks } = new PluginSet(plugins);
  const rows = HOOK_NAMES.flatMap((hook) => {
    const handlers = hooks[hook];
    return handlers === undefined ? [] : [[hook, handlers.map(({ plugin: { name } }) => name).join(' → ')]];
  });
  return aligned([['hook', 'calls'], ...rows]);
}

/** Aligns the columns of a table, with two spaces between them. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
