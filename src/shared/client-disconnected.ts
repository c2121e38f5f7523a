/** Thrown when the client closed the connection before its request was complete or its response began. No response is sent. */
export class ClientDisconnected extends Error {
  constructor() {
    super('The client closed the connection before its request was complete.');
    this.name = 'ClientDisconnected';
  }
}
