package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The lite pull consumer, by subscription with committed offsets, and by assignment with seek. */
final class LitePulls {
    private LitePulls() {
    }

    static Map<String, Object> subscribe(Run run) throws Exception {
        String topic = run.topic();
        int count = 120;
        DefaultMQProducer producer = run.producer();
        send(producer, topic, 0, count);
        DefaultLitePullConsumer first = run.litePullConsumer(run.group("lite"));
        first.subscribe(topic, "TagA || TagC");
        first.start();
        List<MessageExt> got = poll(first, count * 2 / 3);
        got.forEach(message -> Check.that(!"TagB".equals(message.getTags()), "TagB was delivered"));
        first.commitSync();
        first.shutdown();

        send(producer, topic, count, 30);
        DefaultLitePullConsumer second = run.litePullConsumer(run.group("lite"));
        second.subscribe(topic, "TagA || TagC");
        second.start();
        List<MessageExt> rest = poll(second, 20);
        rest.forEach(message -> Check.that(Samples.number(message) >= count,
            "message " + Samples.number(message) + " came again although its offset was committed"));
        return new JSONObject().fluentPut("sent", count + 30).fluentPut("received", got.size() + rest.size());
    }

    static Map<String, Object> assignAndSeek(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        send(producer, topic, 0, 100);
        DefaultLitePullConsumer consumer = run.litePullConsumer(run.group("assign"));
        consumer.setAutoCommit(false);
        consumer.start();
        Collection<MessageQueue> queues = consumer.fetchMessageQueues(topic);
        Check.equal(4, queues.size(), "queues of " + topic);
        consumer.assign(queues);
        poll(consumer, 100);
        // Nothing is under way any more, so what comes now comes because of the seek.
        Map<MessageQueue, Long> next = new HashMap<>();
        int wanted = 0;
        for (MessageQueue queue : queues) {
            long max = producer.maxOffset(queue);
            long start = max / 2 + queue.getQueueId() % 2;
            next.put(queue, start);
            wanted += max - start;
            consumer.seek(queue, start);
        }
        for (MessageExt message : poll(consumer, wanted)) {
            MessageQueue queue = new MessageQueue(topic, message.getBrokerName(), message.getQueueId());
            Check.equal(next.get(queue), message.getQueueOffset(), "offset after seek in queue " + message.getQueueId());
            Samples.compare(topic, message);
            next.put(queue, message.getQueueOffset() + 1);
        }
        MessageQueue any = queues.iterator().next();
        consumer.assign(List.of(any));
        consumer.seekToBegin(any);
        List<MessageExt> all = poll(consumer, (int) producer.maxOffset(any));
        Check.equal(0L, all.get(0).getQueueOffset(), "first offset after seekToBegin");
        MessageExt tenth = all.get(10);
        Check.that(consumer.offsetForTimestamp(any, tenth.getStoreTimestamp()) <= 10, "offset for the tenth message's time is past it");
        consumer.commitSync();
        return new JSONObject().fluentPut("received", 100 + wanted + all.size());
    }

    private static void send(DefaultMQProducer producer, String topic, int first, int count) throws Exception {
        for (int n = first; n < first + count; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n)));
        }
    }

    private static List<MessageExt> poll(DefaultLitePullConsumer consumer, int count) {
        List<MessageExt> got = new ArrayList<>();
        long end = System.currentTimeMillis() + Run.DEADLINE_MS;
        while (got.size() < count) {
            Check.that(System.currentTimeMillis() < end, count + " messages polled, got " + got.size());
            got.addAll(consumer.poll(500));
        }
        Check.equal(count, got.size(), "messages polled");
        return got;
    }
}
