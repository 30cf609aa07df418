import { PushConsumer, TransactionProducer } from '@aerobee/client'

/** What a database would hold: it must be found again by whoever is asked, perhaps another process. */
const booked = new Set()

const producer = new TransactionProducer({
  producerGroup: 'example-bookings',
  transactionListener: {
    // The broker asks when it was not told, because this process died for example.
    checkLocalTransaction: (message) => (booked.has(message.keys[0]) ? 'COMMIT_MESSAGE' : 'ROLLBACK_MESSAGE'),
  },
})
await producer.start()

async function book(id, works) {
  const { localTransactionState } = await producer.sendMessageInTransaction(
    { topic: 'example-bookings', body: `booking ${id}`, keys: [id] },
    {
      // Runs when the broker has the message, which nobody sees yet.
      execute: async () => {
        if (!works) return 'ROLLBACK_MESSAGE'
        booked.add(id)
        return 'COMMIT_MESSAGE'
      },
    },
  )
  console.log(`${id}: ${localTransactionState}`)
}
await book('1', false)
await book('2', true)

const consumer = new PushConsumer({ consumerGroup: 'example-travellers', from: 'earliest' })
consumer.subscribe('example-bookings')
await new Promise((resolve, reject) => {
  consumer.run((message) => resolve(console.log(`seen: ${message.text()}`))).catch(reject)
})
await consumer.close()
await producer.close()
