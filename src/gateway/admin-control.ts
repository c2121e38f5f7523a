import type { AdminCommand, AdminReply } from './admin-commands.ts';
import type { EndpointControl } from './endpoint-control.ts';

/** Returns a function that applies commands of the admin API to this process. */
export function adminControl({ endpoints }: { readonly endpoints: EndpointControl }) {
  return async (command: AdminCommand): Promise<AdminReply> => {
    switch (command.kind) {
      case 'list_endpoints':
        return { kind: 'endpoints', endpoints: endpoints.list() };
      case 'endpoint': {
        const refusal = endpoints.act(command.action);
        return refusal === undefined ? { kind: 'applied' } : { kind: 'refused', refusal };
      }
    }
  };
}
