// What the address says behind its # is filled in: /docs#tenant=germany&key=… Browsers send that part to no server, and it is
// taken out of the address at once, so that no history or shared link holds a key.
const given = new URLSearchParams(window.location.hash.slice(1))
window.history.replaceState(null, '', window.location.pathname)

const answer = await fetch('/openapi.json')
const description = await answer.json()
const tenant = given.get('tenant')
if (tenant !== null) description.components.parameters.Tenant.example = tenant

const page = window.SwaggerUIBundle({
  spec: description,
  dom_id: '#docs',
  tryItOutEnabled: true,
  // No badge of a validator elsewhere, and no key in the browser's storage.
  validatorUrl: null,
  persistAuthorization: false,
  onComplete() {
    const key = given.get('key')
    if (key !== null) page.preauthorizeApiKey('key', key)
  },
})
