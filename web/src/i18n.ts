import { createI18n } from 'vue-i18n'
import en from './locales/en.json'
import zh from './locales/zh.json'
import type { Language } from './services/types'

export const LANGUAGES: Language[] = ['en', 'zh']

function first(): Language {
  const remembered = localStorage.getItem('tidebook.language')
  if (remembered === 'en' || remembered === 'zh') return remembered
  const spoken = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag))
  return spoken?.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

export const i18n = createI18n<[typeof en], Language, false>({
  legacy: false,
  locale: first(),
  fallbackLocale: 'en',
  messages: { en, zh },
})

export function speak(language: Language): void {
  i18n.global.locale.value = language
  localStorage.setItem('tidebook.language', language)
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
}

document.documentElement.lang = i18n.global.locale.value === 'zh' ? 'zh-CN' : 'en'
