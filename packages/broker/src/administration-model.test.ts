/** What a broker may hold after administrators changed it and it died, for the test beside; holds no tests itself. */

export const none = 'none'

/** What may be found: the present value, and those that a crash may bring back or may already have brought. */
interface Fact {
  now: string
  allowed: Set<string>
}

export const topicKey = (topic: string) => `topic ${topic}`
export const groupKey = (group: string) => `group ${group}`
export const forbiddenKey = (group: string, topic: string) => `forbidden ${group} ${topic}`
export const offsetKey = (group: string, topic: string, queueId: number) =>
  `offset ${group} ${topic} ${queueId}`

export type Effects = readonly (readonly [key: string, value: string])[]

export class Model {
  readonly facts = new Map<string, Fact>()
  /** `topic queue offset` -> body, of what was acknowledged since the topic was made. */
  readonly messages = new Map<string, string>()

  now(key: string): string {
    return this.facts.get(key)?.now ?? none
  }

  /** It may happen from now on. */
  tried(effects: Effects): void {
    for (const [key, value] of effects) {
      const fact = this.facts.get(key) ?? { now: none, allowed: new Set([none]) }
      this.facts.set(key, fact)
      fact.allowed.add(value)
    }
  }

  /** It has happened. `durable`: no crash takes it back. */
  done(effects: Effects, durable: boolean): void {
    for (const [key, now] of effects) {
      const { allowed } = this.facts.get(key)!
      this.facts.set(key, { now, allowed: durable ? new Set([now]) : allowed })
    }
  }

  /** All offsets of all groups are in one file. */
  offsetsSaved(): void {
    for (const [key, { now }] of this.facts)
      if (key.startsWith('offset ')) this.facts.set(key, { now, allowed: new Set([now]) })
  }

  forget(topic: string): void {
    for (const key of [...this.messages.keys()]) if (key.startsWith(`${topic} `)) this.messages.delete(key)
  }
}
