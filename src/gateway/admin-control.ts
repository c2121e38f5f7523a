import { type AdminCommand, type AdminReply, NO_CANARY } from './admin-commands.ts';
import type { CanaryReports } from './canary-reports.ts';
import type { EndpointControl } from './endpoint-control.ts';
import { endCanary, type Gateway } from './generations.ts';

export interface AdminControlParts {
  readonly endpoints: EndpointControl;
  readonly gateway: Pick<Gateway, 'canary' | 'promote' | 'rollBack'>;
  readonly canaries: Pick<CanaryReports, 'last'>;
  readonly reload: () => Promise<void>;
}

/** Returns a function that applies commands of the admin API to this process. */
export function adminControl({ endpoints, gateway, canaries, reload }: AdminControlParts) {
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
      case 'canary_status':
        return { kind: 'canary', canary: { running: gateway.canary()?.status, last: canaries.last } };
      case 'end_canary':
        return (await endCanary(gateway, command)) ? { kind: 'applied' } : NO_CANARY;
    }
  };
}
