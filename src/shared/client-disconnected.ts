/** The client closed the connection before its request was complete, or before its response began: there is nobody to answer. */
export class ClientDisconnected extends Error {
  constructor() {
    super('The client closed the connection before its request was complete.');
    this.name = 'ClientDisconnected';
  }
}
