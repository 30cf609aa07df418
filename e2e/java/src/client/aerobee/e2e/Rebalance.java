package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;

/** Consumers of one group join and leave while messages keep coming; nothing may be lost. */
final class Rebalance {
    private static final int QUEUES = 8;
    /** Messages that arrive between one change of the group and the next. */
    private static final int WHILE = 200;
    /** A client whose first heartbeat is late gets its queues with the next one, 30 s after it. */
    private static final long DEADLINE_MS = 90_000;
    private final Run run;
    private final String topic;
    /** number -> the answer to its send */
    private final Map<Integer, SendResult> acknowledged = new ConcurrentHashMap<>();
    private final AtomicBoolean sending = new AtomicBoolean(true);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Inbox all;
    /** The longest that a member waited for its share of the queues. */
    private long slowestMs;

    private Rebalance(Run run) {
        this.run = run;
        this.topic = run.topic();
        this.all = new Inbox(topic);
    }

    static Map<String, Object> joinAndLeave(Run run) throws Exception {
        return new Rebalance(run).joinAndLeave();
    }

    private Map<String, Object> joinAndLeave() throws Exception {
        DefaultMQProducer producer = run.producer();
        send(producer, 0);
        Thread sender = new Thread(() -> send(producer));
        sender.start();
        try {
            Member a = new Member();
            a.awaitQueues(QUEUES);
            for (int round = 0; round < 3; round++) {
                Member b = new Member();
                b.awaitQueues(QUEUES / 2);
                a.leave();
                b.awaitQueues(QUEUES);
                a = b;
            }
            Member c = new Member();
            c.awaitQueues(QUEUES / 2);
            c.leave();
            a.awaitQueues(QUEUES);
        } finally {
            sending.set(false);
            sender.join();
        }
        Check.that(failure.get() == null, "send failed: " + failure.get());
        Run.await(() -> all.byNumber.keySet().containsAll(acknowledged.keySet()), DEADLINE_MS,
            () -> "all of " + acknowledged.size() + " acknowledged messages, got " + all.byNumber.size() + "; " + missing());
        all.check();
        return new JSONObject()
            .fluentPut("sent", acknowledged.size())
            .fluentPut("slowest change, ms", slowestMs)
            .fluentPut("again", all.deliveries.get() - all.byNumber.size());
    }

    private void send(DefaultMQProducer producer) {
        for (int n = 1; sending.get(); n++) {
            try {
                send(producer, n);
            } catch (Throwable error) {
                failure.compareAndSet(null, error);
                return;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    private void send(DefaultMQProducer producer, int n) throws Exception {
        SendResult result = producer.send(Samples.message(topic, n));
        Samples.sendOk(result);
        acknowledged.put(n, result);
    }

    /** What did not arrive: by queue the first and last offset and their count, and the last offset that did arrive. */
    private String missing() {
        Map<Integer, TreeSet<Long>> gone = new TreeMap<>();
        Map<Integer, Long> newest = new TreeMap<>();
        acknowledged.forEach((n, result) -> {
            int queue = result.getMessageQueue().getQueueId();
            if (all.byNumber.containsKey(n)) {
                newest.merge(queue, result.getQueueOffset(), Math::max);
            } else {
                gone.computeIfAbsent(queue, id -> new TreeSet<>()).add(result.getQueueOffset());
            }
        });
        StringBuilder text = new StringBuilder("missing");
        gone.forEach((queue, offsets) -> text.append(", queue ").append(queue).append(": ").append(offsets.size())
            .append(" from ").append(offsets.first()).append(" to ").append(offsets.last())
            .append(" (newest that arrived: ").append(newest.get(queue)).append(")"));
        return text.toString();
    }

    /** One consumer of the group, which knows from which queues it was served since the last look. */
    private final class Member {
        private final Set<Integer> queues = ConcurrentHashMap.newKeySet();
        private final DefaultMQPushConsumer consumer;

        Member() throws Exception {
            consumer = run.pushConsumer(run.group("group"));
            consumer.subscribe(topic, "*");
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                messages.forEach(message -> {
                    all.accept(message);
                    queues.add(message.getQueueId());
                });
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
        }

        /** Waits until this member is served from that many queues, and for a while on. */
        void awaitQueues(int count) throws InterruptedException {
            long start = System.nanoTime();
            queues.clear();
            Run.await(() -> queues.size() >= count || failure.get() != null, DEADLINE_MS,
                () -> "messages from " + count + " queues, got them from " + queues);
            slowestMs = Math.max(slowestMs, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
            int enough = all.byNumber.size() + WHILE;
            Run.await(() -> all.byNumber.size() >= enough || failure.get() != null, () -> "messages to go on arriving");
        }

        void leave() {
            consumer.shutdown();
        }
    }
}
