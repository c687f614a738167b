import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { durationText, label, prose } from './texts.ts'

export const AlertSchema = closed(
  {
    name: Type.String({
      description: 'The name of the alert.',
      pattern: '^[A-Za-z][A-Za-z0-9_-]*$',
      patternErrorMessage: 'a letter, then letters, digits, _ and -',
      maxLength: 128,
    }),
    expr: Type.String({ description: 'The condition (PromQL).', minLength: 1, maxLength: 8192 }),
    for: Type.Optional(durationText('How long the condition must hold.', { default: '0s' })),
    severity: Type.Enum(['info', 'warning', 'critical'], { description: 'How bad it is.' }),
    component: Type.Optional(label('The component that it is about.')),
    summary: Type.Optional(prose('One line, for the one who is called.', 512)),
    description: Type.Optional(prose('What to do about it.')),
  },
  'A condition about which those who operate the site are told.',
)
export type Alert = Static<typeof AlertSchema>
