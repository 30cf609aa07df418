package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Set;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.trace.TraceBean;
import org.apache.rocketmq.client.trace.TraceContext;
import org.apache.rocketmq.client.trace.TraceDataEncoder;
import org.apache.rocketmq.client.trace.TraceType;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Message trace: what the clients themselves write about each message they send and consume. */
final class Traces {
    private static final String TRACE_TOPIC = "RMQ_SYS_TRACE_TOPIC";
    private static final int COUNT = 20;

    private Traces() {
    }

    static Map<String, Object> trace(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = new DefaultMQProducer(run.group("traced-producer"), true, null);
        producer.setNamesrvAddr(run.namesrv());
        producer.setInstanceName("traced-producer-" + System.nanoTime());
        producer.setDefaultTopicQueueNums(4);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(run.group("traced-consumer"), true, null);
        consumer.setNamesrvAddr(run.namesrv());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        Set<String> ids = new TreeSet<>();
        Inbox inbox = new Inbox(topic);
        try {
            producer.start();
            for (int n = 0; n < COUNT; n++) {
                SendResult result = producer.send(Samples.message(topic, n));
                Samples.sendOk(result);
                ids.add(result.getMsgId());
            }
            consumer.subscribe(topic, "*");
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                messages.forEach(inbox::accept);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
            inbox.await(COUNT);
            Map<String, Set<String>> wanted = new TreeMap<>();
            wanted.put("Pub " + run.group("traced-producer"), ids);
            wanted.put("SubBefore " + run.group("traced-consumer"), ids);
            wanted.put("SubAfter", ids);
            awaitTraces(run, wanted);
        } finally {
            consumer.shutdown();
            producer.shutdown();
        }
        return new JSONObject().fluentPut("traced", COUNT);
    }

    /** Reads the trace topic from its start until all ids were traced in each of these ways. */
    @SuppressWarnings("deprecation")
    private static void awaitTraces(Run run, Map<String, Set<String>> wanted) throws Exception {
        DefaultMQPullConsumer reader = run.pullConsumer(run.group("trace-reader"));
        MessageQueue queue = new MessageQueue(TRACE_TOPIC, "broker-a", 0);
        Map<String, Set<String>> found = new TreeMap<>();
        wanted.keySet().forEach(way -> found.put(way, new TreeSet<>()));
        long end = System.nanoTime() + Run.DEADLINE_MS * 1_000_000;
        for (long offset = 0; !wanted.equals(found); ) {
            Check.that(System.nanoTime() < end, "waited for traces " + wanted + ", there are " + found);
            PullResult result = reader.pull(queue, "*", offset, 32);
            offset = result.getNextBeginOffset();
            if (result.getPullStatus() == PullStatus.FOUND) {
                result.getMsgFoundList().forEach(message -> collect(message, wanted, found));
            } else {
                run.pause(20);
            }
        }
    }

    private static void collect(MessageExt message, Map<String, Set<String>> wanted, Map<String, Set<String>> found) {
        String text = new String(message.getBody(), StandardCharsets.UTF_8);
        for (TraceContext context : TraceDataEncoder.decoderFromTraceDataString(text)) {
            // What comes after the consuming does not name the group.
            boolean after = context.getTraceType() == TraceType.SubAfter;
            String way = after ? "SubAfter" : context.getTraceType() + " " + context.getGroupName();
            for (TraceBean bean : context.getTraceBeans()) {
                if (found.containsKey(way) && wanted.get(way).contains(bean.getMsgId())) {
                    Check.that(context.isSuccess(), way + " of " + bean.getMsgId() + " failed");
                    Check.that(message.getKeys().contains(bean.getMsgId()), "the trace of " + bean.getMsgId() + " is not found by it");
                    found.get(way).add(bean.getMsgId());
                }
            }
        }
    }
}
