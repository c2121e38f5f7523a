// Equal client requests in flight share one answer, as Headgate does it without being configured to.
export const gatewayConfig = { inboundInflightRequestDeduplication: true };
