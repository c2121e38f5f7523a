/** Statuses of servers that may have the protocol at this path: they want credentials, or are overloaded. */
const OF_ACCESS: ReadonlySet<number> = new Set([401, 403, 407, 429]);

/** Returns whether a status can mean that a subgraph sends events by another protocol, or at another path. */
export function hasOtherProtocol(status: number): boolean {
  return status < 500 && !OF_ACCESS.has(status);
}

/** Returns what to do where a subgraph seems to send events by another protocol, or at another path. */
export function protocolHint(name: string): string {
  return `If it sends events by another protocol, or at another path, set "protocol" or "path" in subscription.mode.passthrough.subgraphs.${name}.`;
}
