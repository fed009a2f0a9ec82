// What the address says behind its # is filled in: /docs#tenant=germany&key=… Browsers send that part to no server. It is taken
// out of the address, so that no link to the page that somebody copies holds a key; the browser's own history may keep it.
const given = new URLSearchParams(window.location.hash.slice(1))
window.history.replaceState(null, '', window.location.pathname)
// Another such address, typed into the page that is open: begin anew with it.
window.addEventListener('hashchange', () => window.location.reload())

const place = document.querySelector('#docs')
try {
  const answer = await fetch('/openapi.json')
  if (!answer.ok) throw new Error(`/openapi.json was answered ${answer.status}`)
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
} catch (error) {
  place.textContent = `The page could not be loaded: ${error.message}. Load it again in a moment.`
}
