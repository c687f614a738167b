import { type Static, Type } from 'typebox'

/** What an event can be about, with what each reason means. The codes are stable; `docs/operating.md` lists them. */
export const EVENT_REASONS = {
  Unhealthy: { level: 'warning', meaning: 'A readiness probe that succeeded before fails: the component runs, but does not serve.' },
  Healthy: { level: 'normal', meaning: 'A component that was not healthy is so again.' },
  LivenessFailed: { level: 'warning', meaning: 'A liveness probe failed as often as its threshold says: the component is restarted.' },
  Exited: { level: 'warning', meaning: 'The program of a component ended although it should run.' },
  Restarted: { level: 'normal', meaning: 'A component was started again, by supervision, by the engine or by a person.' },
  BackOff: { level: 'warning', meaning: 'A component keeps ending or failing: it is restarted at growing intervals.' },
  Drifted: { level: 'warning', meaning: 'Something was changed past Sealift: a container, its limits, its network or an image.' },
  Healed: { level: 'normal', meaning: 'What was not as wanted was brought back.' },
  HealFailed: { level: 'warning', meaning: 'What is not as wanted could not be brought back; it is tried again.' },
  VolumeLost: { level: 'warning', meaning: 'A volume with data was removed past Sealift. An empty one was made in its place: its data is gone.' },
  EngineLost: { level: 'warning', meaning: 'The engine does not answer: how the installation is is not known.' },
  EngineBack: { level: 'normal', meaning: 'The engine answers again.' },
  SecretShown: { level: 'warning', meaning: 'The value of a secret was shown to a person who asked for it.' },
  Started: { level: 'normal', meaning: 'Components were started by a person.' },
  Stopped: { level: 'normal', meaning: 'Components were stopped by a person, and stay so.' },
  CronFailed: { level: 'warning', meaning: 'A run of a component that runs by a schedule ended with an error, or could not be started.' },
  CronMissed: { level: 'warning', meaning: 'A component was due to run while no server looked after it. It is not run later.' },
  CronSkipped: { level: 'warning', meaning: 'A component was due to run while its run before was still under way, or while the installation was stopped.' },
} as const satisfies Record<string, { readonly level: 'normal' | 'warning'; readonly meaning: string }>

/** The code of what an event is about. */
export type EventReason = keyof typeof EVENT_REASONS

/** Something that happened to an installation. What repeats within an hour is one event that is counted. */
export const Event = Type.Object({
  sequence: Type.Integer({ description: 'Grows with every event and every repetition.' }),
  installation: Type.String(),
  component: Type.Union([Type.String(), Type.Null()]),
  reason: Type.String({ description: 'A stable code, like Unhealthy or Restarted: see docs/operating.md.' }),
  level: Type.Enum(['normal', 'warning']),
  message: Type.String(),
  count: Type.Integer(),
  firstAt: Type.String(),
  lastAt: Type.String(),
})
export type Event = Static<typeof Event>
