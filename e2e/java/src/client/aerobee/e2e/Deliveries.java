package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Delay levels, retries and dead letters; the broker's levels are 1 s, 2 s, 1 s, 1 s, 1 s and 3 s. */
final class Deliveries {
    private static final long[] LEVELS_MS = {1000, 2000, 1000, 1000, 1000, 3000};
    /** A machine under load may be slow; what is late for another reason is much later. */
    private static final long LATE_MS = 3000;
    /** Apache's broker takes 30 s to give halves up. */
    private static final long MADE_DEADLINE_NS = 75_000_000_000L;

    private Deliveries() {
    }

    /** Level 99 counts as the highest. */
    static Map<String, Object> delays(Run run) throws Exception {
        String topic = run.topic();
        int[] levels = {1, 2, 6, 99};
        int count = 60;
        DefaultMQProducer producer = run.producer();
        Inbox inbox = new Inbox(topic);
        Samples.sendOk(producer.send(Samples.message(topic, count)));
        inbox.open(run, run.group("consumer"), "*");
        inbox.await(1);
        for (int n = 0; n < count; n++) {
            Message message = Samples.message(topic, n);
            message.setDelayTimeLevel(levels[n % levels.length]);
            Samples.sendOk(producer.send(message));
        }
        inbox.await(count + 1);
        long latest = 0;
        for (int n = 0; n < count; n++) {
            MessageExt message = inbox.byNumber.get(n);
            int level = Math.min(levels[n % levels.length], LEVELS_MS.length);
            long waited = message.getStoreTimestamp() - message.getBornTimestamp();
            long late = waited - LEVELS_MS[level - 1];
            Check.that(late >= 0, "message " + n + " of level " + level + " came after " + waited + " ms");
            Check.that(late <= LATE_MS, "message " + n + " of level " + level + " came after " + waited + " ms");
            latest = Math.max(latest, late);
        }
        Check.equal(count + 1, inbox.deliveries.get(), "deliveries");
        return new JSONObject().fluentPut("delayed", count).fluentPut("latestMs", latest);
    }

    /** Of each three messages one never succeeds, one does at the second try, and one at once. */
    static Map<String, Object> retries(Run run) throws Exception {
        String topic = run.topic();
        int count = 9;
        int tries = 3;
        DefaultMQProducer producer = run.producer();
        for (int n = 0; n < count; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n)));
        }
        Inbox inbox = new Inbox(topic);
        Map<Integer, List<Integer>> reconsumeTimes = new ConcurrentHashMap<>();
        Map<Integer, String> ids = new ConcurrentHashMap<>();
        AtomicLong shortestMs = new AtomicLong(Long.MAX_VALUE);
        Map<Integer, Long> lastTryAt = new ConcurrentHashMap<>();
        String group = run.group("consumer");
        DefaultMQPushConsumer consumer = run.pushConsumer(group);
        consumer.subscribe(topic, "*");
        consumer.setMaxReconsumeTimes(tries - 1);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            MessageExt message = messages.get(0);
            inbox.accept(message);
            int n = Samples.number(message);
            Long before = lastTryAt.put(n, System.currentTimeMillis());
            if (before != null) {
                shortestMs.accumulateAndGet(System.currentTimeMillis() - before, Math::min);
            }
            ids.putIfAbsent(n, message.getMsgId());
            Check.equal(ids.get(n), message.getMsgId(), "id of message " + n);
            reconsumeTimes.computeIfAbsent(n, key -> Collections.synchronizedList(new ArrayList<>()))
                .add(message.getReconsumeTimes());
            boolean ok = n % 3 == 2 || (n % 3 == 1 && message.getReconsumeTimes() == 1);
            return ok ? ConsumeConcurrentlyStatus.CONSUME_SUCCESS : ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        consumer.start();
        Map<Integer, MessageExt> dead = deadLetters(run, group, count / 3);
        inbox.check();
        Map<Integer, List<Integer>> wanted = new TreeMap<>();
        for (int n = 0; n < count; n++) {
            wanted.put(n, Arrays.asList(0, 1, 2).subList(0, n % 3 == 0 ? tries : n % 3 == 1 ? 2 : 1));
        }
        Run.await(() -> wanted.equals(new TreeMap<>(reconsumeTimes)),
            () -> "deliveries with reconsume times " + wanted + ", there are " + new TreeMap<>(reconsumeTimes));
        Check.that(shortestMs.get() >= 990, "a retry came after " + shortestMs.get() + " ms");
        dead.forEach((n, message) -> {
            Check.equal(0, n % 3, "dead letter " + n);
            Check.equal(tries, message.getReconsumeTimes(), "reconsume times of the dead letter " + n);
            Check.equal(topic, message.getProperty("RETRY_TOPIC"), "topic of the dead letter " + n);
            Check.that(message.getProperty("ORIGIN_MESSAGE_ID") != null, "the dead letter " + n + " has no origin");
            Check.that(Arrays.equals(Samples.body(n), message.getBody()), "the dead letter " + n + " has another body");
        });
        return new JSONObject().fluentPut("sent", count).fluentPut("dead", dead.size()).fluentPut("shortestMs", shortestMs.get());
    }

    /** The second of three messages of one queue never succeeds: it is tried again before the third, and put away. */
    static Map<String, Object> orderlyRetries(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        for (int n = 0; n < 3; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n), (queues, message, id) -> queues.get((int) id), 1));
        }
        List<String> delivered = Collections.synchronizedList(new ArrayList<>());
        String group = run.group("ordered");
        DefaultMQPushConsumer consumer = run.pushConsumer(group);
        consumer.subscribe(topic, "*");
        consumer.setMaxReconsumeTimes(2);
        consumer.setSuspendCurrentQueueTimeMillis(50);
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            int n = Samples.number(messages.get(0));
            delivered.add(n + " again " + messages.get(0).getReconsumeTimes());
            return n == 1 ? ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT : ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        Map<Integer, MessageExt> dead = deadLetters(run, group, 1);
        List<String> wanted = Arrays.asList("0 again 0", "1 again 0", "1 again 1", "1 again 2", "2 again 0");
        Run.await(() -> delivered.size() >= wanted.size(), () -> "deliveries " + wanted + ", there are " + delivered);
        Check.equal(wanted, new ArrayList<>(delivered), "deliveries");
        MessageExt message = dead.get(1);
        Check.that(message != null, "the dead letter is " + dead.keySet());
        Check.equal(topic, message.getProperty("RETRY_TOPIC"), "topic of the dead letter");
        Check.that(Arrays.equals(Samples.body(1), message.getBody()), "the dead letter has another body");
        return new JSONObject().fluentPut("sent", 3).fluentPut("dead", 1);
    }

    private static Map<Integer, MessageExt> deadLetters(Run run, String group, int count) throws Exception {
        return firstOf(run, "%DLQ%" + group, count);
    }

    /** So many messages of the first queue of a topic that the broker makes when there is something to put there. */
    @SuppressWarnings("deprecation")
    static Map<Integer, MessageExt> firstOf(Run run, String topic, int count) throws Exception {
        DefaultMQPullConsumer reader = run.pullConsumer(run.group("reader"));
        MessageQueue queue = new MessageQueue(topic, "broker-a", 0);
        Map<Integer, MessageExt> found = new TreeMap<>();
        long end = System.nanoTime() + MADE_DEADLINE_NS;
        for (long offset = 0; found.size() < count; ) {
            Check.that(System.nanoTime() < end, "waited for " + count + " messages of " + topic + ", there are " + found.keySet());
            PullResult result;
            try {
                result = reader.pull(queue, "*", offset, 32);
            } catch (Exception noTopicYet) {
                run.pause(100);
                continue;
            }
            if (result.getPullStatus() == PullStatus.FOUND) {
                result.getMsgFoundList().forEach(message -> found.put(Samples.number(message), message));
                offset = result.getNextBeginOffset();
            } else {
                run.pause(100);
            }
        }
        return found;
    }
}
