import type { Socket } from 'node:net';

/** The address at the other end of the connection: `192.0.2.1`, `2001:db8::1`; empty when the connection is gone. */
export function peerAddress(socket: Socket): string {
  return unmapped(socket.remoteAddress ?? '');
}

/** A socket that listens on IPv6 shows IPv4 peers as `::ffff:192.0.2.1` (RFC 4291, section 2.5.5.2). */
function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
