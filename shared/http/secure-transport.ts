/** Browsers call the host by HTTPS alone from now on, for a year (RFC 6797). What comes by HTTP, as here, they pass over. */
export const secureTransport = { 'strict-transport-security': 'max-age=31536000' } as const
