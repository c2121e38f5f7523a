import type { EndpointInstruments } from '../telemetry/endpoint-instruments.ts';
import { type CheckHealth, type HealthCheckSettings, startHealthChecks } from './check-health.ts';
import { EndpointGroup, type GroupDependencies, type GroupSettings } from './endpoint-group.ts';

export interface SharedGroupSettings extends GroupSettings {
  readonly healthCheck?: (HealthCheckSettings & { readonly check: CheckHealth }) | undefined;
}

interface SharedGroup {
  readonly group: EndpointGroup;
  readonly stop: () => void;
  users: number;
}

/** The endpoints of all subgraphs that have several. */
export interface EndpointGroups {
  /** @param name a name of the group: a subgraph, or a variant of one. The first user of a name sets its settings. */
  acquire(name: string, settings: SharedGroupSettings): EndpointGroup;
  /** Stops the health checks of a group after its last user. */
  release(name: string): void;
}

export interface EndpointGroupsOptions extends Omit<GroupDependencies, 'instruments'> {
  /** Called once, for the first group. */
  readonly openInstruments?: (() => EndpointInstruments) | undefined;
}

/**
 * Creates the endpoints of one process. They outlive schemas: sources of a new schema acquire before the old ones release, so what is
 * known about an endpoint stays known.
 */
export function createEndpointGroups({ openInstruments, ...dependencies }: EndpointGroupsOptions): EndpointGroups {
  const groups = new Map<string, SharedGroup>();
  let instruments: EndpointInstruments | undefined;
  return {
    acquire(name, settings) {
      let shared = groups.get(name);
      if (!shared) {
        instruments ??= openInstruments?.();
        const group = new EndpointGroup(settings, { ...dependencies, instruments });
        const { healthCheck } = settings;
        const stop = healthCheck ? startHealthChecks(group, healthCheck, healthCheck.check) : () => {};
        shared = { group, stop, users: 0 };
        groups.set(name, shared);
      }
      shared.users++;
      return shared.group;
    },
    release(name) {
      const shared = groups.get(name);
      if (!shared || --shared.users > 0) return;
      groups.delete(name);
      shared.stop();
    },
  };
}
