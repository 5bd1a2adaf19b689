const ENDED = /[.。!！?？…:：][)）」』”"']*$/
const CHINESE = /[\u3400-\u9fff\uf900-\ufaff]/
const isChinese = (text: string) => CHINESE.test(text)

/** The text with the full stop of its own language, unless it has an end already. */
export function sentence(text: string): string {
  const said = text.trim()
  if (!said || ENDED.test(said)) return said
  return said + (isChinese(said) ? '。' : '.')
}

/** Sentences after one another, as the language of each asks for. */
export function spoken(...texts: (string | undefined)[]): string {
  return texts.filter((text) => text?.trim()).map((text) => sentence(text!))
    .reduce((told, next) => told + (!told || told.endsWith('。') ? '' : ' ') + next, '')
}
