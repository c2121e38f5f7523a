import type { EndpointAction } from '../gateway/admin-commands.ts';

/** The actions of the admin API that still hold, for workers that start later. Nothing is kept when the gateway ends. */
export class EndpointActions {
  readonly #actions = new Map<string, EndpointAction>();

  record(action: EndpointAction): void {
    const { subgraph, variant, url } = action;
    const keyOf = (name: EndpointAction['action']) => JSON.stringify([name, subgraph, variant, url]);
    if (action.action === 'undrain') this.#actions.delete(keyOf('drain'));
    else if (action.action === 'reset') this.#actions.delete(keyOf('trip'));
    else this.#actions.set(keyOf(action.action), action);
  }

  list(): readonly EndpointAction[] {
    return [...this.#actions.values()];
  }
}
