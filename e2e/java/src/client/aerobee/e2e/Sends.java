package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Each way of sending, read back by a push consumer. */
final class Sends {
    private Sends() {
    }

    static Map<String, Object> sync(Run run) throws Exception {
        String topic = run.topic();
        int count = run.number("count", 60);
        DefaultMQProducer producer = run.producer();
        Map<Integer, SendResult> results = new TreeMap<>();
        Map<Integer, SortedSet<Long>> offsets = new TreeMap<>();
        for (int n = 0; n < count; n++) {
            SendResult result = send(producer, Samples.message(topic, n), n);
            Samples.sendOk(result);
            results.put(n, result);
            MessageQueue queue = result.getMessageQueue();
            offsets.computeIfAbsent(queue.getQueueId(), id -> new TreeSet<>()).add(result.getQueueOffset());
        }
        Samples.dense(offsets);
        Check.equal(4, offsets.size(), "queues used");
        Inbox inbox = new Inbox(topic);
        inbox.open(run, run.group("consumer"), "*");
        inbox.await(count);
        results.forEach((n, result) -> {
            MessageExt arrived = inbox.byNumber.get(n);
            Samples.compare(result, arrived);
            Check.that(Math.abs(arrived.getStoreTimestamp() - arrived.getBornTimestamp()) < 10_000,
                "store time " + arrived.getStoreTimestamp() + " is far from born time " + arrived.getBornTimestamp());
            Check.that(arrived.getBornHostString().equals("127.0.0.1"), "born host " + arrived.getBornHost());
        });
        return new JSONObject().fluentPut("sent", count);
    }

    /** In turn: the client's own choice of queue, a queue named by the caller, a selector. */
    private static SendResult send(DefaultMQProducer producer, Message message, int n) throws Exception {
        if (n < 4 || n % 3 == 0) {
            return producer.send(message);
        }
        List<MessageQueue> queues = producer.fetchPublishMessageQueues(message.getTopic());
        Collections.sort(queues);
        MessageQueue wanted = queues.get(n % queues.size());
        SendResult result = n % 3 == 1
            ? producer.send(message, wanted)
            : producer.send(message, (all, in, index) -> wanted, n);
        Check.equal(wanted, result.getMessageQueue(), "queue of message " + n);
        return result;
    }

    /** Sends the sample with the number "n" and tells by which ids it can be found. */
    static Map<String, Object> one(Run run) throws Exception {
        SendResult result = run.producer().send(Samples.message(run.topic(), run.number("n", 0)));
        Samples.sendOk(result);
        return new JSONObject()
            .fluentPut("offsetMsgId", result.getOffsetMsgId())
            .fluentPut("msgId", result.getMsgId())
            .fluentPut("queueId", result.getMessageQueue().getQueueId());
    }

    static Map<String, Object> async(Run run) throws Exception {
        String topic = run.topic();
        int count = run.number("count", 500);
        DefaultMQProducer producer = run.producer();
        Samples.sendOk(producer.send(Samples.message(topic, 0)));
        Map<Integer, SendResult> results = new ConcurrentHashMap<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Semaphore inFlight = new Semaphore(64);
        CountDownLatch open = new CountDownLatch(count - 1);
        for (int n = 1; n < count; n++) {
            int number = n;
            Check.that(inFlight.tryAcquire(Run.DEADLINE_MS, TimeUnit.MILLISECONDS), "no answer to 64 asynchronous sends");
            producer.send(Samples.message(topic, n), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    results.put(number, result);
                    done();
                }

                @Override
                public void onException(Throwable error) {
                    failure.compareAndSet(null, error);
                    done();
                }

                private void done() {
                    inFlight.release();
                    open.countDown();
                }
            });
        }
        Check.that(open.await(Run.DEADLINE_MS, TimeUnit.MILLISECONDS), open.getCount() + " callbacks did not come");
        Check.that(failure.get() == null, "asynchronous send failed: " + failure.get());
        Inbox inbox = new Inbox(topic);
        inbox.open(run, run.group("consumer"), "*");
        inbox.await(count);
        results.forEach((n, result) -> {
            Samples.sendOk(result);
            Samples.compare(result, inbox.byNumber.get(n));
        });
        long brokers = results.values().stream().map(result -> result.getMessageQueue().getBrokerName()).distinct().count();
        return new JSONObject().fluentPut("sent", count).fluentPut("brokers", brokers);
    }

    static Map<String, Object> oneway(Run run) throws Exception {
        String topic = run.topic();
        int count = run.number("count", 200);
        DefaultMQProducer producer = run.producer();
        Samples.sendOk(producer.send(Samples.message(topic, 0)));
        Inbox inbox = new Inbox(topic);
        inbox.open(run, run.group("consumer"), "*");
        for (int n = 1; n < count; n++) {
            producer.sendOneway(Samples.message(topic, n));
        }
        inbox.await(count);
        return new JSONObject().fluentPut("sent", count);
    }

    static Map<String, Object> batch(Run run) throws Exception {
        String topic = run.topic();
        int count = 0;
        DefaultMQProducer producer = run.producer();
        Map<Integer, SendResult> first = new TreeMap<>();
        for (int size : new int[] {1, 2, 100}) {
            List<Message> batch = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                batch.add(Samples.message(topic, count + i));
            }
            SendResult result = producer.send(batch);
            Samples.sendOk(result);
            Check.equal(size, result.getMsgId().split(",").length, "message ids of a batch of " + size);
            Check.equal(size, result.getOffsetMsgId().split(",").length, "offset message ids of a batch of " + size);
            first.put(count, result);
            count += size;
        }
        Inbox inbox = new Inbox(topic);
        inbox.open(run, run.group("consumer"), "*");
        inbox.await(count);
        first.forEach((n, result) -> compareBatch(n, result, inbox));
        return new JSONObject().fluentPut("sent", count);
    }

    /**
     * The client 5.3.3 gives the batch an id besides those of its messages, and Apache's broker appends the batch's
     * properties to each message's own, so that the batch's id wins. A message's own id is as good.
     */
    private static void compareBatch(int first, SendResult promised, Inbox inbox) {
        String[] ids = promised.getMsgId().split(",");
        String batchId = inbox.byNumber.get(first).getMsgId();
        for (int i = 0; i < ids.length; i++) {
            MessageExt arrived = inbox.byNumber.get(first + i);
            String what = "message " + (first + i) + ", number " + i + " of a batch of " + ids.length + ": ";
            Check.that(arrived.getMsgId().equals(ids[i]) || arrived.getMsgId().equals(batchId),
                what + "message id: expected " + ids[i] + " or that of the batch, got " + arrived.getMsgId());
            Check.equal(promised.getMessageQueue().getQueueId(), arrived.getQueueId(), what + "queue id");
            Check.equal(promised.getQueueOffset() + i, arrived.getQueueOffset(), what + "queue offset");
        }
    }
}
