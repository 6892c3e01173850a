// Lets a form with `data-passkey` ask this device for a passkey when it is sent: for a new one, or for what one signs. What the
// device answers goes along in the field `passkey`; where there is no answer, the name of the error does, and the server says it in
// words. Without this module, or where the browser cannot, the forms stay hidden and a text says why.
const { PublicKeyCredential } = window
const can = PublicKeyCredential?.parseCreationOptionsFromJSON && PublicKeyCredential.parseRequestOptionsFromJSON

async function ask({ passkey, purpose }) {
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  const asked = await fetch(passkey, { method: 'POST', headers, body: JSON.stringify({ purpose }) })
  if (!asked.ok) return '' // the form is refused, too, and says why
  const { given } = await asked.json()
  const answer = given.user
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(given) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(given) })
  return JSON.stringify(await answer)
}

for (const form of can ? document.querySelectorAll('form[data-passkey]') : []) {
  form.hidden = false
  form.addEventListener('submit', async event => {
    event.preventDefault()
    form.inert = true
    form.elements.passkey.value = await ask(form.dataset).catch(error => error.name)
    form.submit()
    form.inert = false // for whoever comes back to this page
  })
}
for (const text of can ? document.querySelectorAll('[data-passkey-missing]') : []) text.hidden = true
