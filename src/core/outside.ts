import type { Word } from './shell.ts'

/** Requests that change something on another machine: by their program's own options. */
const clients = /^(?:curl|curlie|wget|wget2|http|https|httpie|xh|xhs|hurl|grpcurl|websocat)$/
const short = /^-[a-zA-Z]*[dFT]/
const long = /^--(data|form|json|upload-file|url-query|post|body)/
const loopback = /^(?:https?:\/\/)?(?:localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0|:\d+)(?:[:/]|$)/i
const methods = /^(?:POST|PUT|PATCH|DELETE)$/i

/** True for an HTTP request other than a reading one, to anywhere but this machine. */
export function postsOutside(program: string, args: readonly Word[]): boolean {
  const api = program === 'gh' || program === 'glab' ? args[0]?.text === 'api' : false
  if (!clients.test(program) && !api) return false
  const texts = args.map(({ text }) => text)
  const wget = program.startsWith('wget')
  const method = texts.some((text, at) => methods.test(text) && (/^(-X|--request|--method)$/.test(texts[at - 1] ?? '') || /^x?https?$|^httpie$|^xhs?$/.test(program)))
  const joined = texts.some((text) => /^(-X|--request=|--method=)(POST|PUT|PATCH|DELETE)$/i.test(text))
  const data = texts.some((text) => long.test(text) || (!wget && !api && short.test(text)) || (api && /^(-f|-F|--field|--raw-field|--input)/.test(text)))
  // httpie sends what it is given as a=b.
  const items = /^x?https?$|^httpie$|^xhs?$/.test(program) && texts.some((text) => /^[\w.-]+:?=/.test(text))
  const unknownMethod = args.some(({ plain }, at) => !plain && /^(-X|--request|--method)$/.test(texts[at - 1] ?? ''))
  const grpc = program === 'grpcurl' || program === 'websocat'
  if (!method && !joined && !data && !items && !unknownMethod && !grpc) return false
  const targets = args.filter(({ text }) => /^[a-z]+:\/\//i.test(text) || /^[\w[.-]+(\.[a-z]{2,}|:\d+)(\/|$)/i.test(text) || /^(localhost|127\.)/.test(text))
  return api || targets.length === 0 || targets.some(({ text, plain }) => !loopback.test(text) || (!plain && !/^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?\//.test(text)))
}
