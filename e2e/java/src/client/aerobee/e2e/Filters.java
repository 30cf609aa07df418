package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;

/** Consumers that filter by SQL92, and consumers of one group that subscribe in different ways. */
final class Filters {
    private static final String EXPRESSION =
        "n BETWEEN 10 AND 79 AND (TAGS IN ('TagA', 'TagB') OR KEYS CONTAINS '5') AND greeting NOT ENDSWITH '🙂 20'";
    private static final IntPredicate WANTED = n ->
        n >= 10 && n <= 79 && (!Samples.tag(n).equals("TagC") || Integer.toString(n).contains("5")) && n != 20;

    private Filters() {
    }

    private static int wanted(int from, int to) {
        return (int) IntStream.range(from, to).filter(WANTED).count();
    }

    private static void send(DefaultMQProducer producer, String topic, int from, int to) throws Exception {
        for (int n = from; n < to; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n)));
        }
    }

    /** Half of the messages are there before the consumer, half come while its pulls are held. */
    static Map<String, Object> sqlPush(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        send(producer, topic, 0, 50);
        Inbox inbox = new Inbox(topic);
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("sql"));
        consumer.subscribe(topic, MessageSelector.bySql(EXPRESSION));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(inbox::accept);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        inbox.await(wanted(0, 50));
        send(producer, topic, 50, 100);
        inbox.await(wanted(0, 100));
        consumer.shutdown();
        Check.equal(wanted(0, 100), inbox.deliveries.get(), "deliveries");
        inbox.byNumber.keySet().forEach(n -> Check.that(WANTED.test(n), "message " + n + " was delivered"));
        return new JSONObject().fluentPut("sent", 100).fluentPut("received", inbox.deliveries.get());
    }

    static Map<String, Object> sqlLitePull(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        send(producer, topic, 0, 100);
        DefaultLitePullConsumer consumer = run.litePullConsumer(run.group("lite-sql"));
        consumer.subscribe(topic, MessageSelector.bySql(EXPRESSION));
        consumer.start();
        int received = 0;
        long end = System.currentTimeMillis() + Run.DEADLINE_MS;
        while (received < wanted(0, 100)) {
            Check.that(System.currentTimeMillis() < end, wanted(0, 100) + " messages polled, got " + received);
            for (MessageExt message : consumer.poll(500)) {
                Samples.compare(topic, message);
                Check.that(WANTED.test(Samples.number(message)), "message " + Samples.number(message) + " was delivered");
                received++;
            }
        }
        return new JSONObject().fluentPut("received", received);
    }

    /** Messages "from" to "to". */
    static Map<String, Object> sendRange(Run run) throws Exception {
        send(run.producer(), run.topic(), run.number("from", 0), run.number("to", 1));
        return new JSONObject();
    }

    /** What start() says of the expression in parameter "sql": {"code":23,"message":"…"}, or code 0. */
    static Map<String, Object> sqlStart(Run run) throws Exception {
        Samples.sendOk(run.producer().send(Samples.message(run.topic(), 0)));
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("start"));
        consumer.subscribe(run.topic(), MessageSelector.bySql(run.text("sql")));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) ->
            ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        try {
            consumer.start();
            return new JSONObject().fluentPut("code", 0);
        } catch (MQClientException refused) {
            return new JSONObject().fluentPut("code", refused.getResponseCode()).fluentPut("message", refused.getErrorMessage());
        }
    }

    /** A member of a group that subscribes to parameter "tags" until it is told to stop; gives what it received. */
    static Map<String, Object> subscriber(Run run) throws Exception {
        Inbox inbox = new Inbox(run.topic());
        DefaultMQPushConsumer consumer = run.pushConsumer(run.text("group"));
        consumer.setInstanceName("subscriber-" + System.nanoTime());
        consumer.subscribe(run.topic(), run.text("tags"));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(inbox::accept);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        run.event(new JSONObject().fluentPut("started", true));
        while (!run.pause(50)) {
            run.event(new JSONObject().fluentPut("received", inbox.byNumber.size()));
        }
        inbox.check();
        return new JSONObject().fluentPut("received", inbox.byNumber.size());
    }
}
