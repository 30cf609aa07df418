package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Queues other than the usual ones: batches in one record, and light message queues. */
@SuppressWarnings("deprecation")
final class QueueTypes {
    private QueueTypes() {
    }

    /** Batches to each queue of a topic of type BatchCQ, beside single messages; all come in order, with dense offsets. */
    static Map<String, Object> innerBatches(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        int sent = 0;
        int records = 0;
        for (MessageQueue queue : producer.fetchPublishMessageQueues(topic)) {
            long next = 0;
            for (int batch = 0; batch < 30; batch++) {
                List<Message> messages = new ArrayList<>();
                for (int i = 0; i < 1 + batch % 13; i++) {
                    messages.add(Samples.message(topic, sent + i));
                }
                boolean single = batch % 7 == 3;
                SendResult result = single ? producer.send(messages.get(0), queue) : producer.send(messages, queue);
                Samples.sendOk(result);
                Check.equal(next, result.getQueueOffset(), "offset of record " + batch + " in " + queue);
                Check.that(!result.getMsgId().contains(","), "a batch in one record has one id, not " + result.getMsgId());
                int count = single ? 1 : messages.size();
                next += count;
                sent += count;
                records++;
            }
            Check.equal(next, producer.maxOffset(queue), "end of " + queue);
        }
        readInOrder(run, sent);
        return new JSONObject().fluentPut("records", records).fluentPut("messages", sent);
    }

    private static void readInOrder(Run run, int count) throws Exception {
        String topic = run.topic();
        Map<Integer, Long> next = new ConcurrentHashMap<>();
        AtomicInteger received = new AtomicInteger();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("in-order"));
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            for (MessageExt message : messages) {
                try {
                    Samples.compare(topic, message);
                    long expected = next.getOrDefault(message.getQueueId(), 0L);
                    Check.equal(expected, message.getQueueOffset(), "next offset of queue " + message.getQueueId());
                    next.put(message.getQueueId(), expected + 1);
                    received.incrementAndGet();
                } catch (Throwable error) {
                    failure.compareAndSet(null, error);
                }
            }
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        Run.await(() -> failure.get() != null || received.get() >= count,
            () -> count + " messages in order, " + received.get() + " came, next offsets " + next);
        if (failure.get() != null) {
            throw new AssertionError(failure.get().getMessage(), failure.get());
        }
        Check.equal(count, received.get(), "messages received");
    }

    /** Messages that name light message queues are read there too, in order; names that are none are refused. */
    static Map<String, Object> lightQueues(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        String all = "%LMQ%" + topic + "-all";
        String odd = "%LMQ%" + topic + "-odd";
        int count = 60;
        for (int n = 0; n < count; n++) {
            Message message = Samples.message(topic, n);
            message.putUserProperty("INNER_MULTI_DISPATCH", n % 2 == 0 ? all : all + "," + odd);
            Samples.sendOk(producer.send(message));
        }
        MessageQueue own = producer.fetchPublishMessageQueues(topic).get(0);
        // A light message queue has no route: its broker is known from the topic's.
        String group = "%LMQ%" + run.group("light");
        DefaultMQPullConsumer consumer = run.pullConsumer(group);
        consumer.fetchSubscribeMessageQueues(topic);
        read(consumer, new MessageQueue(all, own.getBrokerName(), 0), topic, 0, 1, count);
        read(consumer, new MessageQueue(odd, own.getBrokerName(), 0), topic, 1, 2, count / 2);
        return new JSONObject().fluentPut("messages", count);
    }

    private static void read(DefaultMQPullConsumer consumer, MessageQueue queue, String topic, int first, int step, int count)
        throws Exception {
        consumer.getDefaultMQPullConsumerImpl().getRebalanceImpl().getmQClientFactory()
            .updateTopicRouteInfoFromNameServer(topic);
        Run.await(() -> maxOffset(consumer, queue) == count, () -> count + " messages in " + queue);
        Check.equal(0L, consumer.minOffset(queue), "first offset of " + queue);
        int n = first;
        long offset = 0;
        while (offset < count) {
            PullResult result = consumer.pull(queue, "*", offset, 16);
            Check.equal(PullStatus.FOUND, result.getPullStatus(), "pull of " + queue + " at " + offset);
            for (MessageExt message : result.getMsgFoundList()) {
                Samples.compare(topic, message);
                Check.equal(n, Samples.number(message), "message at offset " + offset + " of " + queue);
                n += step;
                offset++;
            }
            Check.equal(offset, result.getNextBeginOffset(), "next begin offset");
        }
        consumer.getDefaultMQPullConsumerImpl().updateConsumeOffsetToBroker(queue, count - 1, false);
        Check.equal((long) count - 1, consumer.fetchConsumeOffset(queue, true), "committed offset in " + queue);
    }

    private static long maxOffset(DefaultMQPullConsumer consumer, MessageQueue queue) {
        try {
            return consumer.maxOffset(queue);
        } catch (MQClientException notYet) {
            return -1;
        }
    }
}
