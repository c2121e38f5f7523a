import { importFresh } from '../bff/shapes/import-fresh.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import type { DecidePolicies } from '../policy/authorization/granted-policies.ts';
import { watchPath } from '../shared/watch-path.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * Imports the module that decides policies (`authorization.policies.module`): JavaScript, or TypeScript with erasable syntax only.
 * Throws `ConfigValueError`, which names the file when it cannot be used.
 */
export async function loadPolicyModule(file: string): Promise<DecidePolicies> {
  let module: { default?: unknown };
  try {
    module = await importFresh(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigValueError(`The module of authorization.policies, ${file}, cannot be loaded: ${reason}`);
  }
  if (typeof module.default === 'function') return module.default as DecidePolicies;
  throw new ConfigValueError(
    `The default export of ${file} (authorization.policies.module) is not a function. ` +
      'Write "export default async (policies, { identity }) => …", which returns the policies that are met.',
  );
}

export interface PolicyModule {
  readonly decide: DecidePolicies;
  close(): Promise<void>;
}

/** Loads the module, and reloads it when it changes. Throws `ConfigValueError` when the first load fails. */
export async function watchPolicyModule(file: string, logger: Logger): Promise<PolicyModule> {
  let current = await loadPolicyModule(file);
  const reload = async (exists: boolean) => {
    if (!exists) return;
    try {
      current = await loadPolicyModule(file);
      logger.info({ file }, 'reloaded');
    } catch (err) {
      logger.error({ file, err }, 'cannot be reloaded; keeping the previous version');
    }
  };
  const watching = await watchPath({
    path: file,
    onChange: (exists) => void reload(exists),
    onEvent: logPathEvents(logger, file),
  });
  return { decide: (policies, request) => current(policies, request), close: () => watching.close() };
}
