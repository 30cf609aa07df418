package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;

/** Clients that stay connected while mqadmin looks at them and steers them. */
final class Steered {
    private Steered() {
    }

    /** Sends "count" messages with message trace, tells the ids of the last, and stays until told to stop. */
    static Map<String, Object> produce(Run run) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(run.group("producer"), true, null);
        producer.setNamesrvAddr(run.namesrv());
        producer.setInstanceName("steered-producer");
        producer.start();
        try {
            SendResult last = null;
            for (int n = 0; n < run.number("count", 1); n++) {
                last = producer.send(Samples.message(run.topic(), n));
                Samples.sendOk(last);
            }
            run.event(new JSONObject()
                .fluentPut("msgId", last.getMsgId())
                .fluentPut("offsetMsgId", last.getOffsetMsgId())
                .fluentPut("clientId", producer.buildMQClientId()));
            run.awaitStop();
        } finally {
            producer.shutdown();
        }
        return new JSONObject();
    }

    /** Consumes until told to stop; tells how many deliveries there were, and of how many messages. */
    static Map<String, Object> consume(Run run) throws Exception {
        AtomicInteger deliveries = new AtomicInteger();
        Set<Integer> seen = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("consumer"));
        consumer.setInstanceName("steered-consumer");
        consumer.setPersistConsumerOffsetInterval(500);
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> {
                deliveries.incrementAndGet();
                seen.add(Samples.number(message));
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        while (!run.pause(50)) {
            run.event(new JSONObject()
                .fluentPut("deliveries", deliveries.get())
                .fluentPut("seen", seen.size())
                .fluentPut("clientId", consumer.buildMQClientId()));
        }
        consumer.shutdown();
        return new JSONObject();
    }
}
