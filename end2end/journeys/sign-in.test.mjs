// Signing in by e-mail: real mail, finishing in another browser, and what is typed wrong.
import assert from 'node:assert/strict'
import { journey } from '../support/journey.mjs'
import { codeIn, linkIn } from '../support/mail.mjs'
import { at, says } from '../support/pages.mjs'
import { OLIVIA, askForMail, choosePlan, enterCode, expectFault, field, mailedCode, press } from '../support/people.mjs'

const main = page => page.getByRole('main')

journey('mail really goes out: both parts carry the code and the link', { smtp: true }, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await choosePlan(page, 'Pro', 'Yearly')
  await askForMail(page, OLIVIA.email)
  const mail = await keel.mailTo(OLIVIA.email)
  assert.ok(mail.subject, 'the mail has a subject')
  assert.ok(mail.html.includes(codeIn(mail)), 'the code is in the HTML part')
  assert.ok(mail.html.includes(new URL(linkIn(mail)).pathname), 'the link is in the HTML part')
  await enterCode(page, codeIn(mail))
  await at(page, 'Checkout')
})

journey('the choice of a plan survives finishing by the link in another browser', {}, async ({ keel, newVisitor }) => {
  const [desk, phone] = [await newVisitor(), await newVisitor()]
  await choosePlan(desk, 'Pro', 'Yearly')
  await askForMail(desk, OLIVIA.email)
  const link = linkIn(await keel.mailTo(OLIVIA.email))

  await phone.goto(link)
  await at(phone, 'Confirm sign-in')
  await phone.reload() // a link that is only looked at stays good
  await press(phone, `Sign in as ${OLIVIA.email}`)
  await at(phone, 'Checkout')
  await says(main(phone), 'Pro', '$290')

  const late = await newVisitor()
  await late.goto(link)
  await expectRefusal(late, 'already been used')
})

journey('a wrong code says so, keeps the address and leaves the right one good', {}, async ({ keel, newVisitor }) => {
  const page = await newVisitor()
  await page.goto('/signup')
  await askForMail(page, OLIVIA.email)
  const code = await mailedCode(keel, OLIVIA.email)
  await enterCode(page, code === '000000' ? '111111' : '000000')
  await expectFault(field(page, 'Code'))
  await at(page, 'Check your email')
  await says(main(page), OLIVIA.email)
  assert.equal(await field(page, 'Code').inputValue(), '', 'a code is not repeated')
  await enterCode(page, code)
  await at(page, 'About you')
})

journey('a malformed address stays in its field with the reason beside it', {}, async ({ newVisitor }) => {
  for (const path of ['/signup', '/login']) {
    const page = await newVisitor()
    await page.goto(path)
    await field(page, 'Email').fill('olivia@@acme')
    await skipBrowserChecks(page)
    await press(page, 'Email me a sign-in link')
    await expectFault(field(page, 'Email'))
    await at(page, path === '/signup' ? 'Create your account' : 'Sign in')
    assert.equal(await field(page, 'Email').inputValue(), 'olivia@@acme')
  }
})

/** A page that explains a refusal and offers to sign in again. */
async function expectRefusal(page, reason) {
  await at(page, "That didn't work")
  await says(main(page), reason)
  await main(page).getByRole('link', { name: 'Sign in' }).waitFor()
}

// The browser would refuse before Keel sees it; people's browsers differ in what they refuse.
const skipBrowserChecks = page =>
  page.evaluate(() => {
    for (const form of document.forms) form.noValidate = true
  })
