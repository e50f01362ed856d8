import './storefront.css'

import htmx from 'htmx.org/dist/htmx.esm.js'

// The pages work without any of this. The content policy allows neither inline style nor evaluation, so htmx must not try them.
htmx.config.includeIndicatorStyles = false
htmx.config.allowEval = false
htmx.config.selfRequestsOnly = true
htmx.config.historyCacheSize = 0
htmx.config.refreshOnHistoryMiss = true
htmx.config.attributesToSettle = ['class']
htmx.config.scrollIntoViewOnBoost = false
htmx.config.responseHandling = [
  { code: '204', swap: false },
  { code: '(200|409|422)', swap: true },
  { code: '...', swap: false, error: true }
]

document.documentElement.classList.add('has-script')

const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null)

// A form marked data-autosubmit sends itself when a choice changes.
document.addEventListener('change', (event) => {
  const form = closest(event, 'form[data-autosubmit]')
  if (form && !closest(event, '[data-no-submit]')) form.requestSubmit()
})

// The − and + beside a quantity.
document.addEventListener('click', (event) => {
  const button = closest(event, '[data-step]')
  if (!button) return
  const input = button.parentElement.querySelector('input[type=number]')
  const value = input.value
  if (button.dataset.step === '1') input.stepUp()
  else input.stepDown()
  if (input.value !== value) input.dispatchEvent(new Event('change', { bubbles: true }))
})

// Only one disclosure menu is open at a time; Escape or a click elsewhere closes it.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll('details[data-menu][open]')) if (menu !== except) menu.open = false
}
document.addEventListener('click', (event) => closeMenus(closest(event, 'details[data-menu]')))
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  const menu = closest(event, 'details[data-menu][open]')
  closeMenus(null)
  if (menu) menu.querySelector('summary').focus()
})

// A form marked data-once is not sent twice by an impatient second click; the server would answer a repeat with the same result.
document.addEventListener('submit', (event) => {
  const form = closest(event, 'form[data-once]')
  if (!form) return
  if (form.dataset.sent) event.preventDefault()
  form.dataset.sent = 'yes'
})
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent
})

// A fresh message takes itself away after a while, unless it is being read with the pointer or the keyboard.
document.addEventListener('htmx:oobAfterSwap', (event) => {
  const message = event.detail.target.querySelector?.('[data-passing]')
  if (!message) return
  setTimeout(() => {
    if (message.isConnected && !message.matches(':hover, :focus-within')) message.remove()
  }, 6000)
})
