import { isAerobeeError, Producer } from '@aerobee/client'

// The name server is the environment's NAMESRV_ADDR, unless option namesrvAddr names it.
const producer = await new Producer({ producerGroup: 'examples' }).start()
try {
  const one = await producer.send({
    topic: 'example-orders',
    body: JSON.stringify({ id: 42, amount: 10 }),
    tags: 'paid',
    keys: ['order-42'],
  })
  console.log(
    `${one.status}: message ${one.messageId} is at offset ${one.queueOffset} of queue ${one.queue.queueId}`,
  )

  // In as few requests as maxMessageSize allows; a result for each.
  const bodies = ['a', 'b', 'c']
  const results = await producer.sendBatch(bodies.map((body) => ({ topic: 'example-orders', body })))
  console.log(`${results.length} messages in a batch`)

  await producer.sendOneway({ topic: 'example-orders', body: 'nobody knows whether this arrives' })

  const [queue] = await producer.queues('example-orders')
  const there = await producer.send({ topic: 'example-orders', body: 'to a queue of my choice' }, { queue })
  console.log(`sent to queue ${there.queue.queueId} of ${there.queue.brokerName}`)

  const giveUp = AbortSignal.abort(new Error('the user left'))
  await producer.send({ topic: 'example-orders', body: 'x' }, { signal: giveUp }).catch((thrown) => {
    console.log(`not sent: ${thrown.message}`)
  })

  await producer.send({ topic: 'no such topic!', body: 'x' }).catch((thrown) => {
    if (!isAerobeeError(thrown)) throw thrown
    console.log(
      `${thrown.code}, ${thrown.retryable ? 'try again' : 'trying again will not help'}: ${thrown.message}`,
    )
  })
} finally {
  await producer.close()
}
