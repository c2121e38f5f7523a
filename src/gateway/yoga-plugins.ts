import { importFresh } from '../bff/shapes/import-fresh.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import { problemOf, type YogaPlugin } from '../graphql-http/yoga-plugin.ts';

/**
 * Imports the modules of `yoga.plugins`: JavaScript, or TypeScript with erasable syntax only. The default export of each is a plugin
 * or a list of plugins. Throws `ConfigValueError`, which names the file that cannot be used.
 */
export async function loadYogaPlugins(files: readonly string[]): Promise<YogaPlugin[]> {
  const plugins: YogaPlugin[] = [];
  for (const [index, file] of files.entries()) {
    const { default: exported } = await importPlugin(file, index);
    const list: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
    for (const plugin of list) {
      if (typeof plugin !== 'object' || plugin === null) throw noPlugin(file, index);
      checkReads(plugin, file, index);
      plugins.push(plugin);
    }
  }
  return plugins;
}

async function importPlugin(file: string, index: number): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await importFresh(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigValueError(`yoga.plugins[${index}]: ${file} cannot be loaded: ${reason}`);
  }
}

function checkReads({ dependsOn }: YogaPlugin, file: string, index: number): void {
  const problem = dependsOn === undefined ? undefined : problemOf(dependsOn);
  if (problem === undefined) return;
  throw new ConfigValueError(
    `yoga.plugins[${index}]: "dependsOn" of a plugin of ${file}: ${problem}. ` +
      'Write what the plugin reads of a request, such as { headers: ["x-tenant"], identity: true }, or {} for nothing.',
  );
}

function noPlugin(file: string, index: number): ConfigValueError {
  return new ConfigValueError(
    `yoga.plugins[${index}]: the default export of ${file} is neither a plugin nor a list of plugins. ` +
      'Write "export default useMyPlugin({ … })".',
  );
}
