// A device that keeps passkeys: the browser's own, made of software, which finds its person by itself.

/**
 * Gives the page's browser a device. `knowsPerson(is)` tells it whether whoever uses it is its person; `forget()` takes everything
 * that it keeps.
 */
export async function giveDevice(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  }
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options })
  return {
    knowsPerson: isUserVerified => session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    forget: () => session.send('WebAuthn.clearCredentials', { authenticatorId }),
  }
}
