/** Every bound in one place, each with its reason. Sizes in bytes unless the name says otherwise. */
export const KiB = 1024
export const MiB = 1024 * KiB

export const limits = {
  /** Upstream `com.rocketmq.remoting.frameMaxLength`. */
  frameBytes: 16 * MiB,
  /** 32 KiB of properties escaped six-fold fits; more is hostile. */
  frameHeaderBytes: 256 * KiB,
  /** Deepest JSON a peer of ours sends is 6. */
  jsonDepth: 16,
  /** A registration of 50,000 topics; parsing as many takes about 0.1 s. */
  jsonValues: 500_000,
  /** The richest request header has 20 fields. */
  extFields: 256,
  /** Java int16 length of the properties block. */
  propertiesBytes: 32_767,
  /** A peer that reads nothing: above this it gets no further answers computed … */
  outboundPauseBytes: 8 * MiB,
  /** … and above this its connection closes. */
  outboundCloseBytes: 32 * MiB,
  /** All peers together: what is left of it decides how much may wait for each, so that a thousand cannot fill the memory. */
  outboundTotalBytes: 256 * MiB,
  /** So much may wait for a peer before it is closed, however little is left: two answers of a pull. */
  outboundGreedyBytes: 512 * KiB,
  /** With many such peers: above this the one that has read nothing for the longest is closed. */
  outboundEndBytes: 384 * MiB,
  /** A frame must be complete this long after its first byte. */
  frameDeadlineMs: 15_000,
  /** Upstream idle close on both sides. */
  idleCloseMs: 120_000,
  /** Per server. 10,000 idle ones cost 84 MB; more need more file descriptors than most systems give by default. */
  connections: 50_000,
  /** Calls under way per connection, upstream's client semaphores. */
  pendingCalls: 65_535,
  /** Upstream `maxMessageSize`. */
  messageBodyBytes: 4 * MiB,
  topicNameChars: 127,
  /** `%RETRY%` and `%DLQ%` names, groups. */
  longNameChars: 255,
  /** Client ids carry address, instance and unit name; longer is hostile. */
  clientIdChars: 512,
  /** Of topics, queues and groups in statistics: 2 KB each, 65 MB together. */
  statsTallies: 32_768,
  /** Of all clients of broadcasting groups: 10,000 of them with ten queues; 100 bytes each. */
  broadcastQueues: 100_000,
  /** Of a timer log that is counted, 5 GB: at 500,000 units a second as the count goes, three minutes. */
  timersCounted: 100_000_000,
  /** Records of timers that are read before they are due: 16,000 of 1 KiB. */
  timersAheadBytes: 16 * MiB,
  /** Of all expressions that consumer groups have registered, compiled: 8,000 of usual length. */
  consumerFilterChars: 16 * MiB,
  /** Of groups that pull without heartbeats, and their topics; 250 bytes each. */
  pulledSubscriptions: 32_768,
  /** The expressions of all of these together. */
  pulledSubscriptionChars: 4 * MiB,
  /** A SQL92 expression with a list of a thousand UUIDs fits. */
  sqlChars: 64 * KiB,
  /** Comparisons and what joins them; bounds what one message costs. */
  sqlNodes: 2048,
  /** Deeper than people write; the parser and the evaluation recurse. */
  sqlDepth: 64,
} as const
