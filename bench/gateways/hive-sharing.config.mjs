// Equal client requests in flight share one answer, as Headgate does it without being told.
export const gatewayConfig = { inboundInflightRequestDeduplication: true };
