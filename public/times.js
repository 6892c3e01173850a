// Writes each moment on a page in the time of the reader: of the zone they chose, else of this device. Without this module it
// stands there in UTC, and says so.
const { lang, dataset } = document.documentElement
const language = lang === 'en' ? 'en-GB' : lang // what the server writes: 20 November 2026, 14:05
const day = { day: 'numeric', month: 'long', year: 'numeric' }
const minute = { hour: '2-digit', minute: '2-digit' }
const write = (at, form) => new Intl.DateTimeFormat(language, { timeZone: zone, ...form }).format(at)

let zone = dataset.timeZone
try {
  write(0, day)
} catch {
  zone = undefined // a zone that this browser does not know
}

for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime)
  time.textContent = time.title ? write(at, day) : `${write(at, day)}, ${write(at, minute)}`
  time.title = write(at, { ...day, ...minute, timeZoneName: 'short' })
}
