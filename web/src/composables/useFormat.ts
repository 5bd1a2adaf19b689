import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { inChinese } from '@/services/describe'
import { PERCENT } from '@/services/metrics'
import type { Language, Spoken, Task } from '@/services/types'

const NONE = '–'
const ENDINGS: Record<Intl.LDMLPluralRule, string> = { zero: 'th', one: 'st', two: 'nd', few: 'rd', many: 'th', other: 'th' }
const minus = (written: string) => written.replace('-', '−')

/** Numbers, days, times and sizes as the current language writes them. */
export function useFormat() {
  const { locale, t } = useI18n()
  const language = computed(() => locale.value as Language)
  const tag = computed(() => (language.value === 'zh' ? 'zh-CN' : 'en-GB'))
  const numbers = (options: Intl.NumberFormatOptions) => computed(() => new Intl.NumberFormat(tag.value, options))
  const dates = (options: Intl.DateTimeFormatOptions) => computed(() => new Intl.DateTimeFormat(tag.value, options))

  const whole = numbers({ maximumFractionDigits: 0 })
  const exact = numbers({ maximumSignificantDigits: 4 })
  const measured = numbers({ minimumSignificantDigits: 4, maximumSignificantDigits: 4 })
  const share = numbers({ style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 })
  const roughShare = numbers({ style: 'percent', maximumFractionDigits: 1 })
  const months = dates({ month: 'short', timeZone: 'UTC' })
  const days = dates({ year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' })
  const shortDays = dates({ month: 'short', day: 'numeric', timeZone: 'UTC' })
  const weekdays = dates({ weekday: 'short', timeZone: 'UTC' })
  const times = dates({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })
  const oldTimes = dates({ year: 'numeric', month: 'short', day: 'numeric' })
  const fullTimes = dates({ dateStyle: 'medium', timeStyle: 'medium' })

  const given = <T>(value: T | null | undefined, write: (value: T) => string) =>
    value === null || value === undefined || Number.isNaN(value) ? NONE : write(value)

  /** 1,234 · 12.34 · 0.01234 */
  const number = (value: number | null | undefined) =>
    given(value, (v) => minus((Math.abs(v) >= 1000 ? whole.value : exact.value).format(v)))
  /** Aligned with its like: 1,546 · 552.2 · 16.51 · 0.596 */
  const metric = (value: number | null | undefined) =>
    given(value, (v) => {
      const digits = Math.max(0, 3 - Math.max(0, Math.floor(Math.log10(Math.abs(v) || 1))))
      return minus(new Intl.NumberFormat(tag.value, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(v))
    })
  /** What was measured, in four significant digits, so that those of a column can be told apart: 0.1070 · 12.40 · 6.185e−5 */
  const measure = (value: number | null | undefined) =>
    given(value, (v) => {
      if (Number.isInteger(v) || Math.abs(v) >= 1000) return minus(whole.value.format(v))
      return Math.abs(v) < 1e-4 ? minus(v.toExponential(3)) : minus(measured.value.format(v))
    })
  /** 5th in English; the number alone where a language needs no more. */
  const ordinal = (value: number) =>
    language.value === 'zh' ? whole.value.format(value) : whole.value.format(value) + ENDINGS[new Intl.PluralRules('en', { type: 'ordinal' }).select(value)]
  const count = (value: number | null | undefined) => given(value, (v) => whole.value.format(v))
  /** A fraction as a percentage. */
  const percent = (value: number | null | undefined) => given(value, (v) => minus(share.value.format(v)))
  /** The same on an axis: without a decimal where it has none. */
  const roughPercent = (value: number) => minus(roughShare.value.format(value))
  /** The value of a metric, as its name asks for. */
  const result = (name: string, value: number | null | undefined) =>
    name === 'wape' ? percent(value) : PERCENT.has(name) ? given(value, (v) => percent(v / 100)) : metric(value)
  /** Numbers of one column, all with the decimals that suit the largest. */
  const alike = (values: (number | null | undefined)[]) => {
    const largest = Math.max(...values.map((value) => Math.abs(value ?? 0)))
    const digits = Math.min(3, Math.max(0, 3 - Math.floor(Math.log10(largest || 1))))
    const column = new Intl.NumberFormat(tag.value, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    return (value: number | null | undefined) => given(value, (v) => minus(column.format(v)))
  }
  /** What is no date stays as it is written: records come from other programs, too. */
  const dated = (iso: string | null | undefined, write: (at: Date) => string, read = (v: string) => new Date(v)) =>
    given(iso, (v) => (Number.isNaN(read(v).getTime()) ? v : write(read(v))))
  const ofDay = (iso: string) => new Date(`${iso.slice(0, 10)}T00:00Z`)
  const day = (iso: string | null | undefined) => dated(iso, (at) => days.value.format(at), ofDay)
  /** Without the year. */
  const shortDay = (iso: string | null | undefined) => dated(iso, (at) => shortDays.value.format(at), ofDay)
  /** A mark on an axis of days: the year where one begins, the month where one begins, else the day. */
  const tick = (time: number) => {
    const at = new Date(time)
    if (at.getUTCDate() !== 1) return shortDays.value.format(at)
    return at.getUTCMonth() === 0 ? String(at.getUTCFullYear()) : months.value.format(at)
  }
  const weekday = (iso: string) => weekdays.value.format(ofDay(iso))
  /** 0 for Monday; 1970-01-05 was one. */
  const weekdayName = (index: number) => weekdays.value.format(new Date(Date.UTC(1970, 0, 5 + index)))
  const time = (iso: string | null | undefined) =>
    dated(iso, (at) => (at.getFullYear() === new Date().getFullYear() ? times : oldTimes).value.format(at))
  const fullTime = (iso: string | null | undefined) => dated(iso, (at) => fullTimes.value.format(at))

  function size(bytes: number | null | undefined): string {
    return given(bytes, (value) => {
      const power = value < 1 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3))
      const digits = power === 0 ? 0 : 1
      const written = new Intl.NumberFormat(tag.value, { maximumFractionDigits: digits }).format(value / 1000 ** power)
      return `${written} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`
    })
  }

  function duration(seconds: number | null | undefined): string {
    return given(seconds, (value) => {
      const whole = Math.max(0, Math.round(value))
      if (whole < 60) return t('time.seconds', { n: whole })
      if (whole < 3600) return t('time.minutes', { n: Math.floor(whole / 60), s: whole % 60 })
      return t('time.hours', { n: Math.floor(whole / 3600), m: Math.floor((whole % 3600) / 60) })
    })
  }

  /** Things after one another: a, b and c. */
  const listed = (things: string[]) =>
    language.value === 'zh' ? things.join('、') : new Intl.ListFormat(tag.value, { type: 'conjunction' }).format(things)
  /** Sentences after one another. */
  const sentences = (texts: string[]) => texts.join(language.value === 'zh' ? '' : ' ')

  /** The training description; the server has it in English. */
  const describe = (text: string | null | undefined) => given(text, (v) => (language.value === 'zh' ? inChinese(v) : v))
  /** What a task is called: the name that somebody gave it, else its description. */
  const taskName = (task: Pick<Task, 'name' | 'description'>) => describe(task.name || task.description)
  const said = (words: Spoken | undefined) => words?.[language.value] ?? words?.en ?? ''

  return {
    language, tag, number, alike, metric, measure, result, count, ordinal, percent, roughPercent, describe, taskName, day, shortDay, tick, weekday, weekdayName, time, fullTime, size, duration, said, listed, sentences,
  }
}
