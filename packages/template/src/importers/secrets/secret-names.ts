import { looksSecret } from '../../check/check-secrets.ts'

/** Names that checks of a hand-written template let pass, and that hold secrets often enough to propose them as such. */
const FURTHER = /(^|_)(PASSWD|AUTH|COOKIE|SALT|PRIVATE_KEY|SIGNING_KEY|ENCRYPTION_KEY|SESSION_KEY|MASTER_KEY|ACCESS_KEY|KEY_BASE|DSN_PASSWORD|ROOT_PW|PW)$/
const ABOUT =
  /(^|_)(FILE|PATH|DIR|TTL|EXPIRY|EXPIRES|TIMEOUT|LENGTH|SIZE|ALGORITHM|POLICY|ENABLED|REQUIRED|NAME|USER|USERNAME|URL|HOST|PORT|TYPE|METHOD|MODE|HEADER|ISSUER|PUBLIC_KEY)$/

/** Whether a variable of this name is proposed as a secret. */
export function namesSecret(name: string): boolean {
  const upper = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
  return looksSecret(name) || (FURTHER.test(upper) && !ABOUT.test(upper))
}

/** Names of secrets that somebody else gives out, so that no random text would do. */
const GIVEN =
  /API_?KEY|ACCESS_?KEY|SECRET_ACCESS|CLIENT_?SECRET|(ACCESS|AUTH|BEARER|BOT|REFRESH|PERSONAL|GITHUB|GITLAB|NPM|SLACK|STRIPE|TWILIO|SENTRY|DEPLOY)_?TOKEN|LICEN[CS]E|SMTP|MAIL|LDAP|(^|_)(AWS|AZURE|GCP|GOOGLE|STRIPE|TWILIO|SENDGRID|OAUTH|OPENAI)(_|$)/

/** Whether a secret of this name usually comes from somebody outside the application. */
export function isGivenFromOutside(name: string): boolean {
  return GIVEN.test(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase())
}

/** Options of programs that take a secret. */
export const SECRET_OPTION = /^--?[a-z-]*(requirepass|masterauth|passw(or)?d|passphrase|secret|token|auth-pass)$/i
