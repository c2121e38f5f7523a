import { type AdminCommand, type AdminReply, NO_CANARY, NO_USAGE } from './admin-commands.ts';
import type { CanaryReports } from './canary-reports.ts';
import type { EndpointControl } from './endpoint-control.ts';
import { endCanary, type Gateway } from './generations.ts';
import type { OpenUsage } from './open-usage.ts';

export interface AdminControlParts {
  readonly endpoints: EndpointControl;
  readonly gateway: Pick<Gateway, 'canary' | 'promote' | 'rollBack'>;
  readonly canaries: Pick<CanaryReports, 'last'>;
  readonly usage: Pick<OpenUsage, 'report'> | undefined;
  readonly reload: () => Promise<void>;
}

/** Returns a function that applies commands of the admin API to this process. */
export function adminControl({ endpoints, gateway, canaries, usage, reload }: AdminControlParts) {
  return async (command: AdminCommand): Promise<AdminReply> => {
    switch (command.kind) {
      case 'list_endpoints':
        return { kind: 'endpoints', endpoints: endpoints.list() };
      case 'endpoint': {
        const refusal = endpoints.act(command.action);
        return refusal === undefined ? { kind: 'applied' } : { kind: 'refused', refusal };
      }
      case 'reload':
        await reload();
        return { kind: 'applied' };
      case 'usage':
        return usage ? { kind: 'usage', report: await usage.report() } : NO_USAGE;
      case 'canary_status':
        return { kind: 'canary', canary: { running: gateway.canary()?.status, last: canaries.last } };
      case 'end_canary':
        return (await endCanary(gateway, command)) ? { kind: 'applied' } : NO_CANARY;
    }
  };
}
