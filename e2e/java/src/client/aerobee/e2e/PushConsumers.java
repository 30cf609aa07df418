package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;

/** Push consumers: tag expressions, offsets kept between consumers, ordered consuming under queue locks. */
final class PushConsumers {
    private static final int QUEUES = 8;
    /** A queue that changes hands while a message of it is being consumed stays locked for 20 s more. */
    private static final long ORDERED_DEADLINE_MS = 90_000;

    private PushConsumers() {
    }

    static Map<String, Object> tags(Run run) throws Exception {
        String topic = run.topic();
        int count = 90;
        DefaultMQProducer producer = run.producer();
        for (int n = 0; n < count / 2; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n)));
        }
        Inbox inbox = new Inbox(topic);
        DefaultMQPushConsumer consumer = inbox.open(run, run.group("consumer"), "TagA || TagB");
        inbox.await(count / 2 * 2 / 3);
        for (int n = count / 2; n < count; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n)));
        }
        int wanted = count * 2 / 3;
        inbox.await(wanted);
        consumer.shutdown();
        Check.equal(wanted, inbox.deliveries.get(), "deliveries of TagA and TagB");
        inbox.byNumber.values().forEach(message ->
            Check.that(Arrays.asList("TagA", "TagB").contains(message.getTags()), "tag " + message.getTags() + " was delivered"));

        // The next consumer of the group starts where the first one stopped.
        Inbox next = new Inbox(topic);
        next.open(run, run.group("consumer"), "TagA || TagB");
        Samples.sendOk(producer.send(Samples.message(topic, 300)));
        next.await(1);
        Check.equal(1, next.deliveries.get(), "deliveries after the group's offsets were committed");
        return new JSONObject().fluentPut("sent", count + 1).fluentPut("received", wanted);
    }

    /** Two consumers share the queues, then one leaves and the other takes over its locks. */
    static Map<String, Object> orderly(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        int sent = 0;
        sent += sendToEachQueue(producer, topic, sent, 1);
        Ordered ordered = new Ordered();
        DefaultMQPushConsumer first = ordered.open(run, topic);
        ordered.await(sent);
        ordered.open(run, topic);
        // The first one has all queues until it hears of the second: messages go on until both were served.
        long deadlineMs = System.currentTimeMillis() + ORDERED_DEADLINE_MS;
        do {
            sent += sendToEachQueue(producer, topic, sent, 30);
            ordered.await(sent);
        } while (ordered.users.size() < 2 && System.currentTimeMillis() < deadlineMs);
        int consumers = ordered.users.size();
        Check.equal(2, consumers, "consumers that were served");
        first.shutdown();
        sent += sendToEachQueue(producer, topic, sent, 10);
        ordered.await(sent);
        return new JSONObject().fluentPut("sent", sent).fluentPut("consumers", consumers);
    }

    private static int sendToEachQueue(DefaultMQProducer producer, String topic, int first, int times) throws Exception {
        int sent = QUEUES * times;
        for (int n = first; n < first + sent; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n), (all, message, id) -> {
                Check.equal(QUEUES, all.size(), "queues of " + topic);
                return all.stream().filter(queue -> queue.getQueueId() == (int) id).findFirst().get();
            }, n % QUEUES));
        }
        return sent;
    }

    /** Watches that each queue is consumed in order and by one consumer at a time; refuses one message a queue once. */
    private static final class Ordered {
        final AtomicInteger done = new AtomicInteger();
        final AtomicReference<String> failure = new AtomicReference<>();
        final Map<String, Boolean> users = new ConcurrentHashMap<>();
        private final Map<Integer, AtomicBoolean> busy = new ConcurrentHashMap<>();
        private final Map<Integer, Long> nextOffset = new ConcurrentHashMap<>();
        private final Map<Integer, Boolean> refused = new ConcurrentHashMap<>();

        void await(int count) throws InterruptedException {
            Run.await(() -> failure.get() != null || done.get() == count, ORDERED_DEADLINE_MS,
                () -> count + " ordered messages, consumed " + done.get() + ", next offsets " + nextOffset);
            Check.that(failure.get() == null, failure.get());
        }

        DefaultMQPushConsumer open(Run run, String topic) throws Exception {
            DefaultMQPushConsumer consumer = run.pushConsumer(run.group("ordered"));
            consumer.subscribe(topic, "*");
            consumer.setSuspendCurrentQueueTimeMillis(50);
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) ->
                consume(consumer.buildMQClientId(), messages));
            consumer.start();
            return consumer;
        }

        private ConsumeOrderlyStatus consume(String who, List<MessageExt> messages) {
            MessageExt message = messages.get(0);
            int queue = message.getQueueId();
            users.put(who, true);
            AtomicBoolean mine = busy.computeIfAbsent(queue, id -> new AtomicBoolean());
            if (!mine.compareAndSet(false, true)) {
                failure.compareAndSet(null, "queue " + queue + " is consumed by two at once");
            }
            try {
                if (message.getQueueOffset() == 10 && refused.putIfAbsent(queue, true) == null) {
                    return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
                }
                long expected = nextOffset.getOrDefault(queue, 0L);
                if (message.getQueueOffset() > expected) {
                    failure.compareAndSet(null,
                        "queue " + queue + ": offset " + message.getQueueOffset() + " came, " + expected + " was next");
                } else if (message.getQueueOffset() == expected) {
                    nextOffset.put(queue, expected + 1);
                    done.incrementAndGet();
                }
                return ConsumeOrderlyStatus.SUCCESS;
            } finally {
                mine.set(false);
            }
        }
    }
}
