import { importFresh } from '../bff/shapes/import-fresh.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import type { DecidePolicies } from '../policy/authorization/granted-policies.ts';
import { watchPath } from '../shared/watch-path.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * Imports the module that decides policies (`authorization.policies.module`), JavaScript, or TypeScript that can be erased.
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
    `The default export of ${file} (authorization.policies.module) is no function. ` +
      'Write "export default async (policies, { identity }) => …", which answers with the policies that are met.',
  );
}

export interface PolicyModule {
  readonly decide: DecidePolicies;
  close(): Promise<void>;
}

/** Loads the module, and loads it again when it changes. Throws `ConfigValueError` when it cannot be used at first. */
export async function watchPolicyModule(file: string, logger: Logger): Promise<PolicyModule> {
  let current = await loadPolicyModule(file);
  const reload = async (exists: boolean) => {
    if (!exists) return;
    try {
      current = await loadPolicyModule(file);
      logger.info({ file }, 'read again');
    } catch (err) {
      logger.error({ file, err }, 'cannot be used as it is now; what it said before goes on');
    }
  };
  const watching = await watchPath({
    path: file,
    onChange: (exists) => void reload(exists),
    onEvent: logPathEvents(logger, file),
  });
  return { decide: (policies, request) => current(policies, request), close: () => watching.close() };
}
