import type { EndpointInstruments } from '../telemetry/endpoint-instruments.ts';
import { type CheckHealth, type HealthCheckSettings, startHealthChecks } from './check-health.ts';
import { Endpoint, plainEndpoint } from './endpoint.ts';
import { EndpointGroup, type GroupDependencies, type GroupSettings } from './endpoint-group.ts';

export interface SharedGroupSettings extends GroupSettings {
  readonly healthCheck?: (HealthCheckSettings & { readonly check: CheckHealth }) | undefined;
}

interface SharedGroup {
  readonly group: EndpointGroup;
  readonly stop: () => void;
  readonly isChecked: boolean;
  users: number;
}

/** The endpoints of all subgraphs that have several. */
export interface EndpointGroups {
  /** @param name a name of the group: a subgraph, or a variant of one. The first user of a name sets its settings. */
  acquire(name: string, settings: SharedGroupSettings): EndpointGroup;
  /** Stops the health checks of a group after its last user. */
  release(name: string): void;
  /**
   * Returns the record of a URL that is the only one of its subgraph or variant; `undefined` if nobody looks at it. To be given back with
   * `releaseSingle`.
   */
  acquireSingle(name: string, subgraph: string, url: string): Endpoint | undefined;
  releaseSingle(name: string, url: string): void;
  /** Returns the endpoints in use, those of groups first. */
  list(): readonly ListedEndpoint[];
}

/** An endpoint that is in use. */
export interface ListedEndpoint {
  readonly subgraph: string;
  /** `undefined` for the subgraph itself. */
  readonly variant: string | undefined;
  readonly endpoint: Endpoint;
  /** `undefined` for a URL that is the only one. */
  readonly group: EndpointGroup | undefined;
  readonly isChecked: boolean;
}

interface SingleEndpoint {
  readonly subgraph: string;
  readonly endpoint: Endpoint;
  users: number;
}

export interface EndpointGroupsOptions extends Omit<GroupDependencies, 'instruments'> {
  /** Whether also URLs without a group are listed, and their requests counted. Default false. */
  readonly listsSingles?: boolean | undefined;
  /** Called once, for the first group. */
  readonly openInstruments?: (() => EndpointInstruments) | undefined;
}

/**
 * Creates the endpoints of one process. They outlive schemas: sources of a new schema acquire before the old ones release, so what is
 * known about an endpoint stays known.
 */
export function createEndpointGroups(options: EndpointGroupsOptions): EndpointGroups {
  const { openInstruments, listsSingles = false, ...dependencies } = options;
  const singles = new Map<string, SingleEndpoint & { readonly name: string }>();
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
        shared = { group, stop, isChecked: healthCheck !== undefined, users: 0 };
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
    acquireSingle(name, subgraph, url) {
      if (!listsSingles) return undefined;
      const key = `${name} ${url}`;
      const single = singles.get(key) ?? { name, subgraph, endpoint: new Endpoint(plainEndpoint(url)), users: 0 };
      single.users++;
      singles.set(key, single);
      return single.endpoint;
    },
    releaseSingle(name, url) {
      const key = `${name} ${url}`;
      const single = singles.get(key);
      if (single && --single.users === 0) singles.delete(key);
    },
    list: () => [
      ...[...groups].flatMap(([name, { group, isChecked }]) =>
        group.endpoints.map((endpoint) => {
          return { subgraph: group.subgraph, variant: variantOf(name, group.subgraph), endpoint, group, isChecked };
        }),
      ),
      ...[...singles.values()].map(({ name, subgraph, endpoint }) => {
        return { subgraph, variant: variantOf(name, subgraph), endpoint, group: undefined, isChecked: false };
      }),
    ],
  };
}

/** Returns the variant in the name of a group: `beta` in `products beta`. */
function variantOf(name: string, subgraph: string): string | undefined {
  return name === subgraph ? undefined : name.slice(subgraph.length + 1);
}
