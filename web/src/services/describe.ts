/**
 * The training description in Chinese. The server writes it once, in English, for logs, titles and metadata:
 * `{algorithm} · {mode} · {products and stores}[, how the series become one]`. What does not have this form stays.
 */
export function inChinese(description: string): string {
  const [algorithm, mode, ...rest] = description.split(' · ')
  const spoken = MODES[mode ?? '']
  if (!spoken || !rest.length) return description
  const what = PHRASES.reduce((text, [words, chinese]) => text.replace(words, chinese), rest.join(' · '))
  return [algorithm, spoken, what].join(' · ')
}

const MODES: Record<string, string> = { product: '按药品', store: '按店铺', global: '全局' }

const PHRASES: [RegExp, string][] = [
  [/, each series as it is$/, '，各序列独立'],
  [/, sum of the series$/, '，求和'],
  [/, mean of the series$/, '，取平均值'],
  [/, median of the series$/, '，取中位数'],
  [/, max of the series$/, '，取最大值'],
  [/, min of the series$/, '，取最小值'],
  [/^all series/, '全部序列'],
  [/\ball products\b/, '全部药品'],
  [/\ball stores\b/, '全部店铺'],
  [/(^|, | in )(\d+) products\b/, '$1$2 个药品'],
  [/(^|, | in )(\d+) stores\b/, '$1$2 个店铺'],
  [/(^|, | in )products? /, '$1药品 '],
  [/(^|, | in )stores? /, '$1店铺 '],
  [/ in (?=全部|店铺|\d+ 个)/, '，'],
  [/, (?=全部|药品|\d+ 个)/, '，'],
  [/, /g, '、'],
]
