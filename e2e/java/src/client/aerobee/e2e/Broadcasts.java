package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.store.ReadOffsetType;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageQueue;

/** Broadcasting: each consumer of the group gets every message, and keeps its offsets in a file of its own. */
final class Broadcasts {
    private static final int FIRST = 40;
    private static final int LATER = 20;

    private Broadcasts() {
    }

    /** One of two consumers leaves and comes back under its name: it goes on where it was. */
    static Map<String, Object> broadcast(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        send(producer, topic, 0, FIRST);
        Inbox stays = new Inbox(topic);
        Inbox leaves = new Inbox(topic);
        open(run, "stays", stays);
        DefaultMQPushConsumer first = open(run, "leaves", leaves);
        stays.await(FIRST);
        leaves.await(FIRST);
        // A failed message is dropped, and not sent back.
        Run.await(() -> done(first, topic) == FIRST, () -> FIRST + " messages to be done with, there are " + done(first, topic));
        first.shutdown();
        send(producer, topic, FIRST, LATER);
        stays.await(FIRST + LATER);
        Inbox back = new Inbox(topic);
        open(run, "leaves", back);
        back.await(LATER);
        Check.equal(FIRST, leaves.deliveries.get(), "deliveries to the one that left");
        Check.equal(FIRST + LATER, stays.deliveries.get(), "deliveries to the one that stayed");
        Check.equal(LATER, back.deliveries.get(), "deliveries to the one that came back");
        return new JSONObject().fluentPut("sent", FIRST + LATER);
    }

    private static void send(DefaultMQProducer producer, String topic, int first, int count) throws Exception {
        for (int n = first; n < first + count; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n)));
        }
    }

    private static DefaultMQPushConsumer open(Run run, String name, Inbox inbox) throws Exception {
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("all"));
        consumer.setInstanceName(run.topic() + "-" + name);
        // The two clients have this type in different packages.
        Method setModel = Arrays.stream(DefaultMQPushConsumer.class.getMethods())
            .filter(method -> method.getName().equals("setMessageModel")).findFirst().get();
        setModel.invoke(consumer, Arrays.stream(setModel.getParameterTypes()[0].getEnumConstants())
            .filter(model -> ((Enum<?>) model).name().equals("BROADCASTING")).findFirst().get());
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(inbox::accept);
            return messages.stream().anyMatch(message -> Samples.number(message) == 3)
                ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    /** How many messages this consumer need not see again. */
    private static long done(DefaultMQPushConsumer consumer, String topic) {
        long sum = 0;
        for (int queue = 0; queue < 4; queue++) {
            MessageQueue one = new MessageQueue(topic, "broker-a", queue);
            sum += Math.max(0, consumer.getOffsetStore().readOffset(one, ReadOffsetType.READ_FROM_MEMORY));
        }
        return sum;
    }
}
