/** The header in which our own CDN says which host the viewer has called. */
export const viewerHostHeader = 'x-atrium-host'

/** The header by which our own CDN is known. */
export const originSecretHeader = 'x-atrium-origin-secret'
