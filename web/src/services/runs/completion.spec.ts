import { describe, expect, test } from 'vitest'
import { complete, take } from './completion'

const fields = { params: ['lr', 'batch size'], metrics: ['wape', 'val loss'], tags: ['team'], model_types: ['lstm', 'gru'], projects: ['default'] }
const offered = (line: string, caret = line.length) => complete(line, caret, fields).options.map(({ text }) => text)

describe('what is offered', () => {
  test('at the beginning is every field', () => {
    expect(offered('')).toContain('run_name')
    expect(complete('', 0, fields).options[0]!.kind).toBe('field')
  })

  test('is what holds the letters typed, those that begin with them first', () => {
    expect(offered('wap')).toEqual(['metrics.wape'])
    expect(offered('st')[0]).toBe('status')
  })

  test('quotes a name with other signs, and finds it without the quotes', () => {
    expect(offered('val l')).toEqual([])
    expect(offered('loss')).toEqual(['metrics."val loss"'])
    expect(offered('metrics."val')).toEqual(['metrics."val loss"'])
  })

  test('behind a field are the operators that suit it', () => {
    expect(offered('metrics.wape ').slice(0, 2)).toEqual(['<', '<='])
    expect(offered('created ')).toContain('>')
    expect(offered('created ')).not.toContain('~')
    expect(offered('archived ')).toEqual(['and', 'or', '='])
  })

  test('behind an operator are the values that are known', () => {
    expect(offered('model_type = ')).toEqual(['lstm', 'gru'])
    expect(offered('model_type=g')).toEqual(['gru'])
    expect(offered('created > ')).toContain('7d')
    expect(offered('metrics.wape < ')).toEqual([])
  })

  test('in a list are its values, one after the other', () => {
    expect(offered('model_type in (')).toEqual(['lstm', 'gru'])
    expect(offered('model_type in (lstm, g')).toEqual(['gru'])
    expect(offered('model_type in (lstm) ')).toEqual(['and', 'or'])
  })

  test('behind a condition are and and or, and behind them fields again', () => {
    expect(offered('status = completed ')).toEqual(['and', 'or'])
    expect(offered('params.lr exists ')).toEqual(['and', 'or'])
    expect(offered('status = completed and tea')).toEqual(['tags.team'])
    expect(offered('not (stat')).toEqual(['status'])
  })

  test('is for the place of the caret, not for the end', () => {
    expect(offered('sta and model_type = lstm', 3)).toEqual(['status'])
  })
})

test('an option takes the place of what was begun, with a blank behind it', () => {
  const line = 'sta and model_type = lstm'
  expect(take(line, complete(line, 3, fields), { text: 'status', kind: 'field' })).toEqual({ line: 'status and model_type = lstm', caret: 7 })
  expect(take('status = ', { from: 9, to: 9 }, { text: 'failed', kind: 'value' })).toEqual({ line: 'status = failed ', caret: 16 })
})
